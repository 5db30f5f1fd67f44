"""What a node reads at its start; the service itself is imported in its own process."""

from __future__ import annotations

from samstad_plugin import Command, Plugin, Problem, ProblemText
from samstad_signals.settings import SignalsSettings

__all__ = ["plugin"]

plugin = Plugin(
    name="signals",
    text="supervises traffic signal controllers over RSMP",
    settings=SignalsSettings,
    start="samstad_signals.plugin.role:start",
    commands=(
        Command(
            "evaluate",
            "samstad_signals.simulation.evaluation.evaluate:evaluate",
            "Compare controllers on a SUMO scenario: delays of all scheduled vehicles, stops and safety.",
        ),
    ),
    problems=(
        Problem(
            "signals-request-refused",
            400,
            ProblemText(
                "Begäran gick inte att förstå",
                "Det som kom säger inte det som behövs.",
                "Läs vad som sägs om felet, rätta och försök igen.",
            ),
            ProblemText(
                "The request is not understood",
                "What came does not say what is needed.",
                "Read what is said of the fault, mend it and try again.",
            ),
        ),
        Problem(
            "signals-order-refused",
            400,
            ProblemText(
                "Kommandot går inte att ge",
                "Kommandot finns inte, eller ett argument är fel.",
                "Se efter vad kommandot behöver; det står i felet.",
            ),
            ProblemText(
                "The command cannot be given",
                "There is no such command, or an argument is wrong.",
                "Look up what the command needs; the error says it.",
            ),
        ),
        Problem(
            "signals-unknown",
            404,
            ProblemText(
                "Okänd korsning, larm eller kommando",
                "Det finns inget med det namnet.",
                "Se efter vad det heter, eller lägg till korsningen.",
            ),
            ProblemText(
                "Unknown junction, alarm or command",
                "There is none of that name.",
                "Look up its name, or put the junction under the node.",
            ),
        ),
        Problem(
            "signals-held",
            409,
            ProblemText(
                "Någon annan styr korsningen",
                "En korsning styrs av en operatör i taget, och du har den inte nu.",
                "Ta korsningen, be den som har den att lämna den, eller ta över med skäl.",
            ),
            ProblemText(
                "Somebody else controls the junction",
                "A junction is controlled by one operator at a time, and you do not have it now.",
                "Take it, ask whoever has it to give it back, or take it over with a reason.",
            ),
        ),
        Problem(
            "signals-not-now",
            409,
            ProblemText(
                "Det går inte nu",
                "Larmet är avslutat, eller kommandot är redan på väg.",
                "Se hur det står; vad som fattas står i felet.",
            ),
            ProblemText(
                "Not now",
                "The alarm is closed, or the command is on its way already.",
                "Look how it stands; the error says what is missing.",
            ),
        ),
        Problem(
            "signals-cannot-keep",
            503,
            ProblemText(
                "Kan inte spara",
                "Disken är full eller trasig, så ingenting har gjorts.",
                "Gör plats på disken och försök igen.",
            ),
            ProblemText(
                "Cannot keep it",
                "The disk is full or broken, so nothing was done.",
                "Free space on the disk and try again.",
            ),
        ),
    ),
)

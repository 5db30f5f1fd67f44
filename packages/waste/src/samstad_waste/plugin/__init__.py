"""What a node reads at its start; the service itself is imported in its own process."""

from __future__ import annotations

from samstad_plugin import Command, Plugin, Problem, ProblemText
from samstad_waste.settings import WasteSettings

__all__ = ["plugin"]

plugin = Plugin(
    name="waste",
    text="follows waste bins, and plans and follows up their emptying",
    settings=WasteSettings,
    start="samstad_waste.plugin.role:start",
    commands=(
        Command(
            "backtest",
            "samstad_waste.plugin.commands:backtest",
            "Foresee recorded emptyings that lie after everything learned, and compare with simple rules.",
        ),
        Command(
            "simulate",
            "samstad_waste.plugin.commands:simulate",
            "Compare planned days with the sparsest fixed rounds that hold 99.9 %, in an invented city.",
        ),
        Command(
            "solve",
            "samstad_waste.plugin.commands:solve",
            "Solve a routing problem in VRPLIB's format or PyVRP's, as plans of a day are solved.",
        ),
    ),
    problems=(
        Problem(
            "waste-unknown",
            404,
            ProblemText("Finns inte", "Det finns inget med det namnet här.", "Se efter vad det heter."),
            ProblemText("Unknown", "There is nothing of that name here.", "Look up its name."),
        ),
        Problem(
            "waste-refused",
            400,
            ProblemText(
                "Går inte att använda",
                "Det som kom beskriver inget som kan vara.",
                "Läs vad som sägs om felet, rätta och skicka igen.",
            ),
            ProblemText(
                "It cannot be used",
                "What came does not describe anything that can be.",
                "Read what is said of the fault, mend it and send it again.",
            ),
        ),
        Problem(
            "waste-not-now",
            409,
            ProblemText(
                "Det går inte nu",
                "Planen eller stoppet är i ett annat läge.",
                "Läs in planen på nytt och se vad som gäller.",
            ),
            ProblemText(
                "Not now",
                "The plan or the stop is in another state.",
                "Load the plan again and see what holds.",
            ),
        ),
        Problem(
            "waste-away",
            503,
            ProblemText(
                "Kan inte just nu",
                "Det har inte sparats, eller så blev det ingen plan.",
                "Skicka det igen om en stund; samma sak två gånger gör ingen skada.",
            ),
            ProblemText(
                "Not at the moment",
                "It is not kept, or no plan came of it.",
                "Send it again in a while; the same thing twice does no harm.",
            ),
        ),
    ),
)

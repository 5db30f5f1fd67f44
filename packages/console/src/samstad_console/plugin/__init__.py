"""What a node reads at its start; the service itself is imported in its own process."""

from __future__ import annotations

from samstad_console.settings import ConsoleSettings
from samstad_plugin import Plugin, Problem, ProblemText

__all__ = ["plugin"]

plugin = Plugin(
    name="console",
    text="shows the city to those who run its streets",
    settings=ConsoleSettings,
    start="samstad_console.plugin.role:start",
    problems=(
        Problem(
            "console-unknown",
            404,
            ProblemText("Finns inte", "Det finns inget med det namnet på kartan.", "Sök efter det i listan."),
            ProblemText("Unknown", "There is nothing of that name on the map.", "Search for it in the list."),
        ),
        Problem(
            "console-refused",
            400,
            ProblemText(
                "Går inte att visa", "Frågan går inte att förstå.", "Läs vad som sägs om felet och rätta."
            ),
            ProblemText(
                "It cannot be shown",
                "The question cannot be understood.",
                "Read what is said of the fault and mend it.",
            ),
        ),
    ),
)

"""What a node reads at its start; the service itself is imported in its own process."""

from __future__ import annotations

from samstad_operations.settings import OperationsSettings
from samstad_plugin import Plugin, Problem, ProblemText

__all__ = ["plugin"]

plugin = Plugin(
    name="operations",
    text="tells people about alerts, by rules, rotas and escalation",
    settings=OperationsSettings,
    start="samstad_operations.plugin.role:start",
    problems=(
        Problem(
            "operations-refused",
            400,
            ProblemText(
                "Frågan går inte att förstå",
                "Något i den är inte vad det kan vara.",
                "Läs vad som sägs om felet.",
            ),
            ProblemText(
                "The question cannot be understood",
                "Something in it is not what it can be.",
                "Read what is said.",
            ),
        ),
        Problem(
            "operations-away",
            503,
            ProblemText(
                "Kan inte just nu", "Det som är sparat går inte att läsa.", "Se efter hur disken mår."
            ),
            ProblemText("Not at the moment", "What is kept cannot be read.", "Look at the disk."),
        ),
    ),
)

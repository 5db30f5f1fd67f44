"""What can be wrong with bins, fleets and plans.

WasteError
├── ReadingRefused    a sensor's word cannot be: below the bottom, above the sensor, no number
├── InventoryRefused  a bin, model, vehicle, depot or site is not described so that it can be used
├── PlanRefused       what is asked for cannot be planned: no vehicle, impossible shift, unknown bin
├── ReportRefused     what a crew tells of a stop is not what can be told
├── InstanceRefused   a file is no routing problem that can be solved
└── HistoryRefused    a table of emptyings cannot be learned from
"""

from __future__ import annotations

__all__ = [
    "HistoryRefused",
    "InstanceRefused",
    "InventoryRefused",
    "PlanRefused",
    "ReadingRefused",
    "ReportRefused",
    "WasteError",
]


class WasteError(Exception):
    """Root of the tree; ``detail`` says what was wrong, where, and what to do.

    Attributes:
        detail: a sentence for the one who sent it.
        pointer: JSON pointer of the member, or None where it is not about one.
    """

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class ReadingRefused(WasteError):
    """A sensor's word cannot be true of its container."""


class InventoryRefused(WasteError):
    """An entity is not described so that it can be used."""


class PlanRefused(WasteError):
    """What is asked for cannot be planned."""


class ReportRefused(WasteError):
    """What is told of a stop cannot be."""


class InstanceRefused(WasteError):
    """A file is no routing problem that can be solved."""


class HistoryRefused(WasteError):
    """A table of emptyings cannot be learned from."""

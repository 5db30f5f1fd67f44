"""What can be wrong here.

OperationsError
├── RulesRefused       the file of rules does not say what can be followed
├── QuestionRefused    a question cannot be understood
├── NotSent            a message did not leave; it is tried again
└── StoreUnavailable   nothing can be kept or read now
    └── StoreFull      the disk is full
"""

from __future__ import annotations

__all__ = ["NotSent", "OperationsError", "QuestionRefused", "RulesRefused", "StoreFull", "StoreUnavailable"]


class OperationsError(Exception):
    """Root of the tree; its text says what was wrong, where, and what to do."""


class RulesRefused(OperationsError):
    """The file of rules does not say what can be followed; the text begins with the key."""


class QuestionRefused(OperationsError):
    """A question cannot be understood."""


class NotSent(OperationsError):
    """A message did not leave, or nobody confirmed it; it is tried again.

    Args:
        detail: why.
        is_away: whether the other side could not be reached at all, so that its other messages wait too.
    """

    def __init__(self, detail: str, *, is_away: bool = False) -> None:
        super().__init__(detail)
        self.is_away = is_away


class StoreUnavailable(OperationsError):
    """Nothing can be kept or read now."""


class StoreFull(StoreUnavailable):
    """The disk is full."""

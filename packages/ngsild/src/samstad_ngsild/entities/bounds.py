"""How much one entity may hold, so that reading it keeps nobody else waiting."""

from __future__ import annotations

from samstad_ngsild.errors import BadRequestData

__all__ = ["MOST_ATTRIBUTES", "MOST_LANGUAGES", "MOST_MEMBERS", "MOST_TYPES", "check_number"]

MOST_TYPES = 100
"""Types of an entity."""

MOST_ATTRIBUTES = 5_000
"""Attributes in one body."""

MOST_MEMBERS = 20_000
"""Members of all attributes in one body that are more than type and value; histories have no such bound."""

MOST_LANGUAGES = 1_000
"""Languages of a languageMap."""


def check_number(number: int, most: int, what: str, *, pointer: str = "") -> None:
    """Raise BadRequestData when there are more than there may be."""
    if number > most:
        raise BadRequestData(f"{number} {what} are too many: there may be {most}.", pointer=pointer)

"""Id patterns by the literal text they begin with, so that an id finds the few that can match it."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

__all__ = ["LiteralPrefix", "PrefixTable", "literal_prefix"]

T = TypeVar("T")

_META = frozenset("^$.|?*+()[]{}\\")
_QUANTIFIERS = frozenset("?*+{")
_HEAD = 4
"""Characters by which unanchored patterns are told apart: the scheme of an id, ``urn:`` or ``http``."""


class LiteralPrefix(NamedTuple):
    """How a pattern begins.

    Attributes:
        text: the literal text.
        anchored: the pattern begins with ``^``.
        decides: nothing else is asked of an id than to begin with (or hold) the text.
    """

    text: str
    anchored: bool
    decides: bool


def literal_prefix(pattern: str) -> LiteralPrefix | None:
    """Return the literal text that every match of a pattern begins with; None where there is too little."""
    anchored = pattern.startswith("^")
    rest = pattern[anchored:]
    if "|" in rest:
        return None
    literal: list[str] = []
    place = 0
    while place < len(rest):
        char = rest[place]
        escaped = char == "\\" and place + 1 < len(rest) and not rest[place + 1].isalnum()
        if char in _META and not escaped:
            break
        literal.append(rest[place + 1] if escaped else char)
        place += 2 if escaped else 1
    if place < len(rest) and rest[place] in _QUANTIFIERS and literal:
        literal.pop()
        place = -1
    if not literal or (not anchored and len(literal) < _HEAD):
        return None
    return LiteralPrefix("".join(literal), anchored, place >= 0 and rest[place:] in ("", ".*"))


class PrefixTable(Generic[T]):
    """Items by literal prefix."""

    __slots__ = ("_anchored", "_floating", "_lengths")

    def __init__(self) -> None:
        self._anchored: dict[str, list[T]] = {}
        self._floating: dict[str, dict[str, list[T]]] = {}
        self._lengths: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._lengths)

    def add(self, prefix: LiteralPrefix, item: T) -> None:
        """Take in an item."""
        self._table(prefix).setdefault(prefix.text, []).append(item)
        length = len(prefix.text)
        self._lengths[length] = self._lengths.get(length, 0) + 1

    def remove(self, prefix: LiteralPrefix, item: T) -> None:
        """Take out an item that was added with this prefix."""
        table = self._table(prefix)
        items = table[prefix.text]
        items.remove(item)
        if not items:
            del table[prefix.text]
        length = len(prefix.text)
        self._lengths[length] -= 1
        if not self._lengths[length]:
            del self._lengths[length]

    def _table(self, prefix: LiteralPrefix) -> dict[str, list[T]]:
        if prefix.anchored:
            return self._anchored
        return self._floating.setdefault(prefix.text[:_HEAD], {})

    def found(self, entity_id: str) -> list[tuple[T, bool]]:
        """Return the items that can match an id, each with whether the prefix stands at its beginning."""
        found: list[tuple[T, bool]] = []
        beginnings = [entity_id[:length] for length in self._lengths]
        for text in beginnings:
            found.extend((item, True) for item in self._anchored.get(text, ()))
        for head, table in self._floating.items():
            if entity_id.find(head, 1) >= 0:
                # The head stands in the middle of the id as well: ask every pattern.
                found.extend((item, False) for items in table.values() for item in items)
            elif entity_id.startswith(head):
                for text in beginnings:
                    found.extend((item, True) for item in table.get(text, ()))
        return found

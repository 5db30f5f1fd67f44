"""Inputs and outputs: what they are, what a supervisor has activated, and what is forced."""

from __future__ import annotations

from collections.abc import Iterable

from samstad_rsmp.errors import RsmpError

__all__ = ["Ports", "parse_series"]


class Ports:
    """A row of inputs or outputs, numbered from 1."""

    def __init__(self, count: int, what: str) -> None:
        self._what = what
        self._seen = [False] * count
        self._activated = [False] * count
        self._forced: list[bool | None] = [None] * count
        self._ordered_ms: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def check(self, number: int) -> None:
        """Raise RsmpError when there is no such number."""
        if not 1 <= number <= len(self._seen):
            raise RsmpError(f"there is no {self._what} {number}, only 1 to {len(self._seen)}")

    def see(self, number: int, *, active: bool) -> None:
        """Say what the wire says."""
        self._seen[number - 1] = active

    def activate(self, number: int, *, active: bool, now_ms: int) -> None:
        """Activate by command, beside what the wire says."""
        self.check(number)
        self._activated[number - 1] = active
        self._ordered_ms[number] = now_ms

    def force(self, number: int, value: bool | None, *, now_ms: int) -> None:
        """Force a value, or give it back."""
        self.check(number)
        self._forced[number - 1] = value
        self._ordered_ms[number] = now_ms

    def release(self, numbers: Iterable[int] | None = None, *, before_ms: int | None = None) -> None:
        """Take back what was ordered of these, or of all; only what was not ordered again since a time."""
        for number in list(self._ordered_ms) if numbers is None else numbers:
            ordered_ms = self._ordered_ms.get(number)
            if ordered_ms is not None and (before_ms is None or ordered_ms < before_ms):
                self._activated[number - 1], self._forced[number - 1] = False, None
                del self._ordered_ms[number]

    def is_active(self, number: int) -> bool:
        """Return the value in effect."""
        forced = self._forced[number - 1]
        return (self._seen[number - 1] or self._activated[number - 1]) if forced is None else forced

    def states(self) -> str:
        """Return the values in effect as S0003 and S0004 tell them."""
        return "".join("1" if self.is_active(number) else "0" for number in range(1, len(self._seen) + 1))

    def forcing(self) -> str:
        """Return which are forced, as S0029 and S0030 tell it."""
        return "".join("0" if forced is None else "1" for forced in self._forced)


def parse_series(text: str) -> dict[int, bool]:
    """Read blocks of ``offset,bits to set,bits to clear`` (M0013); RsmpError when they are none.

    Bit 0 of a block stands for the input with the number of its offset.
    """
    found: dict[int, bool] = {}
    for block in text.split(";"):
        parts = block.split(",")
        if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
            raise RsmpError(f"{block!r} is no offset,bits to set,bits to clear")
        offset, setting, clearing = (int(part) for part in parts)
        if max(setting, clearing) > 0xFFFF or setting & clearing:
            raise RsmpError(f"{block!r}: 16 bits each, and none both set and cleared")
        for bit in range(16):
            if (setting | clearing) >> bit & 1:
                found[offset + bit] = bool(setting >> bit & 1)
    return found

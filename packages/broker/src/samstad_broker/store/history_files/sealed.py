"""Which history files there are, by the stretch of the log that each comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from samstad_broker.domain.rows import Position

__all__ = ["HistoryGap", "SealedStretch", "find_sealed", "sealed_between"]

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)\.parquet")


class HistoryGap(Exception):
    """Rows of the log are in no history file, and not in the log any more either."""


class SealedStretch(NamedTuple):
    """A stretch of the log that is in history files, one for each month that it touches."""

    epoch: int
    first: int
    last: int
    paths: tuple[Path, ...]

    @property
    def end(self) -> Position:
        """The position of its last row."""
        return Position(self.epoch, self.last)


def find_sealed(directory: Path) -> list[SealedStretch]:
    """Return what is sealed under a directory, oldest first."""
    found: dict[tuple[int, int, int], list[Path]] = {}
    for path in sorted(directory.glob("month=*/*.parquet")):
        name = _NAME.fullmatch(path.name)
        if name is not None:
            found.setdefault((int(name[1]), int(name[2]), int(name[3])), []).append(path)
    return [SealedStretch(*place, tuple(paths)) for place, paths in sorted(found.items())]


def sealed_between(
    sealed: Iterable[SealedStretch], *, after: Position, until: Position
) -> list[SealedStretch]:
    """Return the stretches that hold every row after one position up to and with another, in their order.

    Args:
        sealed: what there is, oldest first.
        after: nothing at or before it is needed; the first stretch may begin before it.
        until: where the log begins: what is sealed behind it is still in the log.

    Raises:
        HistoryGap: rows between the two are in none of them.
    """
    chosen = list(_following(sealed, after, until))
    reached = chosen[-1].end if chosen else after
    # Where the log begins with a new epoch, nothing tells how long the one before was.
    if reached < until and until.number > 0:
        raise HistoryGap(_gap(reached, until))
    return chosen


def _following(sealed: Iterable[SealedStretch], after: Position, until: Position) -> Iterator[SealedStretch]:
    reached = after
    for stretch in sealed:
        if stretch.end <= reached or stretch.end > until:
            continue
        joins = stretch.first <= reached.number + 1 if stretch.epoch == reached.epoch else stretch.first == 1
        if not joins:
            raise HistoryGap(_gap(reached, Position(stretch.epoch, stretch.first - 1)))
        reached = stretch.end
        yield stretch


def _gap(after: Position, until: Position) -> str:
    return (
        f"The history files after position {after} up to {until} are missing. Put them back from a backup: "
        "the temporal index is built from them."
    )

"""What survives in a test: documents in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from samstad_signals.spi.keeping import Keep, StoreFull

__all__ = ["MemoryKeeping"]


class MemoryKeeping:
    """Keeps documents by kind and key; ``is_full`` makes it refuse as a full disk does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}
        self.is_full = False

    async def save(self, changes: Iterable[Keep]) -> None:
        """Keep all of it."""
        rows = list(changes)
        if self.is_full and rows:
            raise StoreFull("The disk is full.")
        for row in rows:
            if row.body is None:
                self.kept.pop((row.kind, row.key), None)
            else:
                self.kept[row.kind, row.key] = row.body

    async def load(self, kind: str) -> Mapping[str, bytes]:
        """Return what is kept of a kind."""
        return {key: body for (one, key), body in self.kept.items() if one == kind}

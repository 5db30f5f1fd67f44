"""What every log asks of a group before it writes it."""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import StaleVersion

__all__ = ["check_group", "check_version"]


def check_version(head: Position, expected: Position) -> None:
    """Raise StaleVersion unless the writer knows the log's head."""
    if head != expected:
        raise StaleVersion(
            f"The log is at {head}, the writer expected {expected}: another writer has this shard, "
            "or an append was sent before the one ahead of it ended."
        )


def check_group(head: Position, rows: Sequence[Row]) -> None:
    """Raise ValueError unless the rows follow the head without a gap: a fault of the writer."""
    epoch, number = head
    for row in rows:
        number += 1
        if row.position != (epoch, number):
            raise ValueError(f"Row {row.position} cannot follow {head}: {epoch}.{number} is next.")

"""Rows of the change log: what is written once and never changed.

| kind            | payload (JSON)                                                                      |
|-----------------|-------------------------------------------------------------------------------------|
| change          | ``by``, ``head``, ``was``, ``set``, ``before``: an entity created or changed         |
| delete          | ``by``, ``was``, ``before``, ``deletedAt``: an entity deleted by somebody            |
| expire          | as delete, by the node itself when ``expiresAt`` passed (clause 4.22)                |
| history-add     | ``by``, ``types``, ``set``: late observations; current state is not touched          |
| history-correct | ``by``, ``attribute``, ``instanceId``, ``instance``                                  |
| history-delete  | ``by``, ``attribute``?, ``datasetId``?, ``instanceId``?: less given, more deleted    |
| purge           | ``by``, ``decision``, ``before``, ``types``?, ``attributes``?: history older than a  |
|                 | time is given up by retention; no subject: of all entities                            |
| redact          | ``by``, ``reason``, ``attributes``?: values are taken out of the whole history       |
| audit           | an access decision or administrative act, chained by ``previous`` and ``hash``       |
| document        | ``by``, ``collection``, ``content``: a subscription, registration, context; null ends it |

``head`` holds the core members of the entity after the change, ``was`` before it (null: created).
``set`` maps each attribute that differs to its instances after the change (an empty list: deleted),
``before`` to its instances before it. State is rebuilt from ``head`` and ``set`` alone.
The ``datasetId`` of history-delete is ``@none`` for the instances without one; left out: those of any.
``attributes`` of purge and redact: left out, all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

__all__ = ["START", "Position", "Row", "RowKind"]


class Position(NamedTuple):
    """A place in the log of one node: rows are ordered by epoch, then number.

    A restore from backup begins a new epoch, so that a number is never given twice.
    """

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what ``str`` wrote; raises ValueError for anything else."""
        epoch, number = text.split(".")
        return cls(int(epoch), int(number))


START = Position(0, 0)
"""Before the first row of any log."""


class RowKind(StrEnum):
    """What a row records; the order is that of DESIGN: what happens to state, to history, beside both."""

    CHANGE = "change"
    DELETE = "delete"
    EXPIRE = "expire"
    HISTORY_ADD = "history-add"
    HISTORY_CORRECT = "history-correct"
    HISTORY_DELETE = "history-delete"
    PURGE = "purge"
    REDACT = "redact"
    AUDIT = "audit"
    DOCUMENT = "document"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the log.

    Attributes:
        position: given in commit order by the one writer of the shard.
        time_us: when the node accepted the write, microseconds since 1970 UTC.
        kind: what the row records.
        tenant: the data set inside the node; the default tenant is the empty string.
        snapshot: the snapshot inside the tenant (clause 4.24), the empty string for live data.
        subject: the id of the entity or document.
        payload: JSON, its members by kind as in the module's table.
        matched: ids of the subscriptions whose conditions the change met, found at the write.
        document: the entity document after the change, only where ``matched`` is not empty.
    """

    position: Position
    time_us: int
    kind: RowKind
    tenant: str
    snapshot: str
    subject: str
    payload: bytes
    matched: tuple[str, ...] = ()
    document: bytes | None = None

"""Columns of the history files: a public interface, described in docs/reference/history-files.md.

A column is never renamed or given another meaning; new ones are added at the end with a new format number.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

__all__ = ["FORMAT", "HISTORY_COLUMNS", "HistoryColumn", "HistoryRow"]

FORMAT = 2
"""Stands in each file's metadata under ``samstad.history``."""


class HistoryColumn(NamedTuple):
    """A column: its name and its type in SQL."""

    name: str
    type: str


class HistoryRow(NamedTuple):
    """One row of a history file, its members in the order of ``HISTORY_COLUMNS``."""

    tenant: str
    snapshot: str
    epoch: int
    position: int
    acceptedAt: datetime  # noqa: N815 - named as NGSI-LD names its times
    kind: str
    by: str | None
    entity: str
    types: list[str] | None
    attribute: str | None = None
    attributeType: str | None = None  # noqa: N815
    datasetId: str | None = None  # noqa: N815
    instanceId: str | None = None  # noqa: N815
    observedAt: datetime | None = None  # noqa: N815
    modifiedAt: datetime | None = None  # noqa: N815
    deletedAt: datetime | None = None  # noqa: N815
    number: float | None = None
    text: str | None = None
    json: str | None = None
    unitCode: str | None = None  # noqa: N815
    geometry: bytes | None = None
    createdAt: datetime | None = None  # noqa: N815
    ordinal: int | None = None
    entityCreatedAt: datetime | None = None  # noqa: N815
    entityModifiedAt: datetime | None = None  # noqa: N815


_TYPES = {
    "epoch": "BIGINT",
    "position": "BIGINT",
    "acceptedAt": "TIMESTAMP",
    "types": "VARCHAR[]",
    "observedAt": "TIMESTAMP",
    "modifiedAt": "TIMESTAMP",
    "deletedAt": "TIMESTAMP",
    "number": "DOUBLE",
    "geometry": "BLOB",
    "createdAt": "TIMESTAMP",
    "ordinal": "INTEGER",
    "entityCreatedAt": "TIMESTAMP",
    "entityModifiedAt": "TIMESTAMP",
}

HISTORY_COLUMNS = tuple(HistoryColumn(name, _TYPES.get(name, "VARCHAR")) for name in HistoryRow._fields)

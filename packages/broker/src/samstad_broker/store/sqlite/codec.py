"""Rows of the log as columns, with a checksum over all of them."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import orjson

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.store import LogCorrupt

__all__ = ["KIND_CODES", "Columns", "decode", "encode"]

KIND_CODES: dict[RowKind, int] = {
    RowKind.CHANGE: 1,
    RowKind.DELETE: 2,
    RowKind.EXPIRE: 3,
    RowKind.HISTORY_ADD: 4,
    RowKind.HISTORY_CORRECT: 5,
    RowKind.HISTORY_DELETE: 6,
    RowKind.PURGE: 7,
    RowKind.REDACT: 8,
    RowKind.AUDIT: 9,
    RowKind.DOCUMENT: 10,
}
"""Stored for ever: a code is never given another meaning."""

_KINDS = {code: kind for kind, code in KIND_CODES.items()}


class Columns(NamedTuple):
    """A row as the table ``row`` has it."""

    number: int
    time_us: int
    kind: int
    tenant: str
    snapshot: str
    subject: str
    payload: bytes
    matched: str | None
    document: bytes | None
    checksum: int


def _checksum(head: str, payload: bytes, document: bytes | None) -> int:
    checksum = crc32(payload, crc32(head.encode()))
    return checksum if document is None else crc32(document, checksum)


def encode(row: Row) -> Columns:
    """Return the columns of a row."""
    (epoch, number), kind, matched = row.position, KIND_CODES[row.kind], None
    if row.matched:
        matched = orjson.dumps(row.matched).decode()
    head = (
        f"{epoch}\0{number}\0{row.time_us}\0{kind}\0{row.tenant}\0{row.snapshot}\0{row.subject}\0{matched}\0"
    )
    return Columns(
        number,
        row.time_us,
        kind,
        row.tenant,
        row.snapshot,
        row.subject,
        row.payload,
        matched,
        row.document,
        _checksum(head, row.payload, row.document),
    )


def decode(epoch: int, columns: Columns) -> Row:
    """Return the row of columns.

    Raises:
        LogCorrupt: the checksum does not fit.
    """
    number, time_us, kind, tenant, snapshot, subject, payload, matched, document, checksum = columns
    head = f"{epoch}\0{number}\0{time_us}\0{kind}\0{tenant}\0{snapshot}\0{subject}\0{matched}\0"
    if _checksum(head, payload, document) != checksum or kind not in _KINDS:
        raise LogCorrupt(f"Row {epoch}.{number} does not read back as it was written: restore a backup.")
    return Row(
        Position(epoch, number),
        time_us,
        _KINDS[kind],
        tenant,
        snapshot,
        subject,
        payload,
        () if matched is None else tuple(orjson.loads(matched)),
        document,
    )

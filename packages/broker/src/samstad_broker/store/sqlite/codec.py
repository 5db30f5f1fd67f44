"""Rows of the log as columns, with a checksum over all of them."""

from __future__ import annotations

from zlib import crc32

import orjson

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.store import LogCorrupt

__all__ = ["KIND_CODES", "EncodedRow", "decode", "encode"]

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


EncodedRow = tuple[int, int, int, str, str, str, bytes, str | None, bytes | None, int]
"""A row in the order of the columns of the table ``row``."""


def encode(row: Row) -> EncodedRow:
    """Return the columns of a row."""
    epoch, number = row.position
    time_us, kind, tenant, snapshot, subject = (
        row.time_us,
        KIND_CODES[row.kind],
        row.tenant,
        row.snapshot,
        row.subject,
    )
    payload, document = row.payload, row.document
    matched = orjson.dumps(row.matched).decode() if row.matched else None
    head = f"{epoch}\0{number}\0{time_us}\0{kind}\0{tenant}\0{snapshot}\0{subject}\0{matched}\0"
    checksum = crc32(payload, crc32(head.encode()))
    if document is not None:
        checksum = crc32(document, checksum)
    return number, time_us, kind, tenant, snapshot, subject, payload, matched, document, checksum


def decode(epoch: int, columns: EncodedRow) -> Row:
    """Return the row of columns.

    Raises:
        LogCorrupt: the checksum does not fit.
    """
    number, time_us, kind, tenant, snapshot, subject, payload, matched, document, checksum = columns
    head = f"{epoch}\0{number}\0{time_us}\0{kind}\0{tenant}\0{snapshot}\0{subject}\0{matched}\0"
    found = crc32(payload, crc32(head.encode()))
    if document is not None:
        found = crc32(document, found)
    if found != checksum or kind not in _KINDS:
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

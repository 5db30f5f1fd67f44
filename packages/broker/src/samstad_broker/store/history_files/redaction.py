"""Taking values out of history files, as a redaction takes them out of the temporal index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from samstad_broker.domain.history import redacted
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.store.history_files.columns import HistoryRow
from samstad_ngsild.document import NULL, VALUE_MEMBER
from samstad_ngsild.entities.dates import iso

__all__ = ["Redaction", "redact_row", "redaction_of"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - history files hold UTC without a zone
_SCOPE = "scope"
_WITH_VALUES = frozenset({RowKind.CHANGE, RowKind.HISTORY_ADD, RowKind.HISTORY_CORRECT})


class Redaction(NamedTuple):
    """What a row of kind ``redact`` asks for.

    Attributes:
        place: its own; what was written later is not touched.
        attributes: None: all.
        at_us: when it was accepted, µs since 1970 UTC.
    """

    place: Position
    tenant: str
    snapshot: str
    entity: str
    attributes: frozenset[str] | None
    at_us: int

    @property
    def at(self) -> str:
        """When it was accepted, ISO text."""
        return iso(self.at_us)

    def concerns(self, row: HistoryRow) -> bool:
        """Whether a row is of the entity, and older; of live data also its copies in snapshots."""
        return (
            row.entity == self.entity
            and row.tenant == self.tenant
            and self.snapshot in {"", row.snapshot}
            and (row.epoch, row.position) < self.place
        )

    def names(self, attribute: str) -> bool:
        """Whether values of an attribute are to be taken out."""
        return self.attributes is None or attribute in self.attributes


def redaction_of(row: Row) -> Redaction | None:
    """Return what a row of the log asks for, None where it is of another kind."""
    if row.kind is not RowKind.REDACT:
        return None
    attributes = orjson.loads(row.payload).get("attributes")
    named = None if attributes is None else frozenset(attributes)
    return Redaction(row.position, row.tenant, row.snapshot, row.subject, named, row.time_us)


def redact_row(row: HistoryRow, redactions: Sequence[Redaction]) -> HistoryRow:
    """Return a row without the values that redactions name; the row itself where it has none of them."""
    for redaction in redactions:
        if row.json is not None and redaction.concerns(row):
            row = _redacted(row, orjson.loads(row.json), redaction)
    return row


def _redacted(row: HistoryRow, told: dict[str, Any], redaction: Redaction) -> HistoryRow:
    if row.attribute is None:
        return _without_scope(row, told, redaction)
    if not redaction.names(row.attribute):
        return row
    instance = told["instance"] if row.kind == RowKind.HISTORY_CORRECT else told
    if row.kind not in _WITH_VALUES or instance.get(VALUE_MEMBER[instance["type"]]) == NULL:
        return row
    if row.kind == RowKind.HISTORY_CORRECT:
        return row._replace(json=_text(told | {"instance": redacted(instance, redaction.at)}))
    return row._replace(
        number=None,
        text=None,
        unitCode=None,
        geometry=None,
        json=_text(redacted(told, redaction.at)),
        deletedAt=_EPOCH + timedelta(microseconds=redaction.at_us),
    )


def _without_scope(row: HistoryRow, head: dict[str, Any], redaction: Redaction) -> HistoryRow:
    """Take the scope out of the core members of an entity."""
    if _SCOPE not in head or not redaction.names(_SCOPE):
        return row
    return row._replace(json=_text({name: head[name] for name in head if name != _SCOPE}))


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()

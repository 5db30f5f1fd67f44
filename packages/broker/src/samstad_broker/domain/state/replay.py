"""State from rows: the one way back after a restart, and the same for a follower.

Applying a row twice, or a row that the checkpoint already holds, changes nothing: rows carry values, not
increments.
"""

from __future__ import annotations

from typing import Any

import orjson

from samstad_broker.domain.rows import Row, RowKind
from samstad_broker.domain.state.shard import State
from samstad_ngsild.document import CORE_MEMBERS, EntityDocument

__all__ = ["apply_row", "document_after"]

_ENDS_ENTITY = frozenset({RowKind.DELETE, RowKind.EXPIRE})


def document_after(before: EntityDocument | None, payload: dict[str, Any]) -> EntityDocument:
    """Return the entity document after a change row, given the one before it."""
    after: EntityDocument = dict(payload["head"])
    touched = payload["set"]
    for name, instances in (before or {}).items():
        if name not in CORE_MEMBERS and name not in touched:
            after[name] = instances
    after.update((name, instances) for name, instances in touched.items() if instances)
    return after


def apply_row(state: State, row: Row) -> None:
    """Bring a row into the state; rows that only concern history leave it as it is, but for the tenant."""
    if row.kind is RowKind.CHANGE:
        _apply_change(state, row)
    elif row.kind in _ENDS_ENTITY:
        _apply_end(state, row)
    elif row.kind is RowKind.DOCUMENT:
        _apply_document(state, row)
    elif row.kind is RowKind.HISTORY_ADD:
        state.begin_tenant(row.tenant)


def _apply_change(state: State, row: Row) -> None:
    payload = orjson.loads(row.payload)
    dataset = state.dataset(row.tenant, row.snapshot)
    state.begin_tenant(row.tenant)
    record = dataset.get(row.subject)
    if record is None:
        dataset.add(document_after(None, payload), state.sequence)
        state.sequence += 1
        return
    before = record.parsed()
    dataset.change(record, before, document_after(before, payload), tuple(payload["set"]))


def _apply_end(state: State, row: Row) -> None:
    dataset = state.dataset(row.tenant, row.snapshot)
    record = dataset.get(row.subject)
    if record is not None:
        dataset.remove(record, record.parsed())


def _apply_document(state: State, row: Row) -> None:
    payload = orjson.loads(row.payload)
    if payload["content"] is None:
        state.drop_document(row.tenant, payload["collection"], row.subject)
    else:
        state.put_document(row.tenant, payload["collection"], row.subject, payload["content"])

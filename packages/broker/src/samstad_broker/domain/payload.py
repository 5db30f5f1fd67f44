"""Payloads of the rows that change entities; their members are listed in ``rows``."""

from __future__ import annotations

from typing import Any

import orjson

from samstad_ngsild.document import EntityDocument, Instance, attribute_names

__all__ = ["change_payload", "creation_payload", "end_payload", "head_of"]

_REST = ("createdAt", "modifiedAt", "scope", "expiresAt", "deletedAt")


def head_of(document: EntityDocument) -> dict[str, Any]:
    """Return the core members of a document."""
    head = {"id": document["id"], "type": document["type"]}
    for name in _REST:
        if name in document:
            head[name] = document[name]
    return head


def _attributes(document: EntityDocument) -> dict[str, list[Instance]]:
    return {name: document[name] for name in attribute_names(document)}


def creation_payload(by: str, document: EntityDocument) -> bytes:
    """Return the payload of the change row that creates an entity."""
    return orjson.dumps(
        {"by": by, "head": head_of(document), "was": None, "set": _attributes(document), "before": {}}
    )


def change_payload(
    by: str,
    before: EntityDocument,
    after: EntityDocument,
    touched: dict[str, list[Instance]],
) -> bytes:
    """Return the payload of a change row; ``touched`` maps attributes to their instances after it."""
    return orjson.dumps(
        {
            "by": by,
            "head": head_of(after),
            "was": head_of(before),
            "set": touched,
            "before": {name: before[name] for name in touched if name in before},
        }
    )


def end_payload(by: str, document: EntityDocument, deleted_at: str) -> bytes:
    """Return the payload of a delete or expire row."""
    return orjson.dumps(
        {"by": by, "was": head_of(document), "before": _attributes(document), "deletedAt": deleted_at}
    )

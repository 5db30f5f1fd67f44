"""One current entity as the state keeps it: bytes, and what the indexes need without parsing them."""

from __future__ import annotations

from typing import Any

import orjson

from samstad_ngsild.document import EntityDocument

__all__ = ["Record", "exact_bytes"]

_KEPT_VIEWS = 2


def exact_bytes(encoded: bytes) -> bytes:
    """Return a copy that owns no more memory than it shows.

    ``orjson.dumps`` over-allocates about fourfold and shrinks in place, so that a kept result would
    hold four times its length.
    """
    return bytes(memoryview(encoded))


class Record:
    """A current entity. The state alone changes it; everybody else only reads.

    Attributes:
        id: the entity's id.
        sequence: order of creation inside the node; pages are stable by it.
        types: the entity's types as IRIs.
        document: the entity document as JSON bytes.
        views: finished representations by (context, representation), dropped at every change.
    """

    __slots__ = ("document", "id", "sequence", "types", "views")

    def __init__(self, entity_id: str, sequence: int, types: tuple[str, ...], document: bytes) -> None:
        self.id = entity_id
        self.sequence = sequence
        self.types = types
        self.document = document
        self.views: dict[Any, bytes] | None = None

    def parsed(self) -> EntityDocument:
        """Return the entity document; the caller may keep it but must not expect it to be shared."""
        document: EntityDocument = orjson.loads(self.document)
        return document

    def view(self, key: Any) -> bytes | None:
        """Return a finished representation, if one is kept under this key."""
        return None if self.views is None else self.views.get(key)

    def keep_view(self, key: Any, encoded: bytes) -> bytes:
        """Keep a finished representation; only the few latest kinds are kept."""
        kept = exact_bytes(encoded)
        if self.views is None or len(self.views) >= _KEPT_VIEWS:
            self.views = {}
        self.views[key] = kept
        return kept

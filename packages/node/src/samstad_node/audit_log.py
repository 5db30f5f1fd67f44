"""Audit entries as rows of the log, and the head of their chain as a document beside them."""

from __future__ import annotations

import msgspec
import orjson

from samstad_access.domain.audit import ChainedEntry, Head
from samstad_broker.domain.rows import RowKind
from samstad_broker.service.broker import Broker
from samstad_broker.service.writer import Draft

__all__ = ["AuditLog"]

_COLLECTION = "audit"
_HEAD = "head"


class AuditLog:
    """Writes the chain of audit entries into the log of the broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def head(self) -> Head:
        """Return where the chain ends."""
        kept = self._broker.state.collection("", _COLLECTION).get(_HEAD)
        return Head() if kept is None else msgspec.convert(kept, Head)

    def __call__(self, entry: ChainedEntry) -> None:
        """Stage an entry and the new head in one group; a log that takes no rows stops the act by raising."""
        broker = self._broker
        broker.writer.check()
        now_us = broker.clock.now_us()
        payload = msgspec.json.encode(entry)
        broker.writer.stage(Draft(RowKind.AUDIT, now_us, "", "", f"audit:{entry.number}", payload, None))
        before = broker.state.collection("", _COLLECTION).get(_HEAD)
        head = {"number": entry.number, "hash": entry.hash}
        broker.state.put_document("", _COLLECTION, _HEAD, head)

        def undo() -> None:
            if before is None:
                broker.state.drop_document("", _COLLECTION, _HEAD)
            else:
                broker.state.put_document("", _COLLECTION, _HEAD, before)

        content = orjson.dumps({"by": broker.alias, "collection": _COLLECTION, "content": head})
        broker.writer.stage(Draft(RowKind.DOCUMENT, now_us, "", "", _HEAD, content, undo))

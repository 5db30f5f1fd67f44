"""``/live``: committed changes as Server-Sent Events, to be taken up again where a connection broke.

| event     | data                                                                    |
|-----------|-------------------------------------------------------------------------|
| change    | id, type, time, attributes: short name → value of the first instance    |
| delete    | id, type, time                                                          |
| gap       | rows are missing since the last event: read the entities anew           |
| logged-out | the credential does not count any more; the stream ends                |

The ``id`` of an event is its position; a client sends it back in ``Last-Event-ID``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.authorizer import Unauthenticated
from samstad_models.catalogue import load_catalogue
from samstad_ngsild.document import VALUE_MEMBER
from samstad_node.pages.live import LiveRows
from samstad_node.pages.readers import Reader, types_of

__all__ = ["Shorten", "by_models", "event_of", "events", "position_of"]

ASK_AGAIN_S = 1.0
"""So often the credential is looked at again: a revoked one ends the stream."""

_BEAT_AFTER = 15
_RETRY = b"retry: 2000\n\n"
_BEAT = b": alive\n\n"
_GAP = b"event: gap\ndata: {}\n\n"
_LOGGED_OUT = b"event: logged-out\ndata: {}\n\n"

Shorten = Callable[[str], str]


def by_models(otherwise: Shorten) -> Shorten:
    """Return names as the city's models give them, and ``otherwise`` for what they do not know."""
    types = load_catalogue().types.values()
    names = {one.iri: one.name for one in types}
    names |= {attribute.iri: attribute.name for one in types for attribute in one.attributes}
    return lambda iri: names.get(iri) or otherwise(iri)


def position_of(text: str | None) -> Position | None:
    """Read a ``Last-Event-ID``; what is no position counts as none."""
    try:
        return Position.parse(text or "")
    except ValueError:
        return None


async def events(
    live: LiveRows, reader: Reader, headers: Mapping[str, str], *, shorten: Shorten
) -> AsyncIterator[bytes]:
    """Yield parts of the stream until the client goes or its credential does not count any more.

    Args:
        live: where the rows come from.
        reader: asked again each second.
        headers: of the request, names in lower case.
        shorten: gives the name of an IRI that people read.
    """
    resumed = position_of(headers.get("last-event-id"))
    position = live.last if resumed is None else resumed
    yield _RETRY
    quiet = 0
    while True:
        try:
            may_read = reader(headers)
        except Unauthenticated:
            yield _LOGGED_OUT
            return
        rows, missed = live.after(position)
        if missed:
            yield _GAP
        shown = b"".join(event_of(row, shorten=shorten) for row in rows if may_read(row))
        if shown:
            yield shown
        if rows:
            position, quiet = rows[-1].position, 0
            continue
        quiet = (quiet + 1) % _BEAT_AFTER
        if quiet == 0:
            yield _BEAT
        await live.wait(within_s=ASK_AGAIN_S)


def event_of(row: Row, *, shorten: Shorten) -> bytes:
    """Return one row as an event."""
    payload = orjson.loads(row.payload)
    told: dict[str, Any] = {
        "id": row.subject,
        "type": [shorten(one) for one in types_of(payload)],
        "timeUs": row.time_us,
    }
    kind = "delete"
    if row.kind is RowKind.CHANGE:
        kind = "change"
        told["attributes"] = {shorten(name): _value(instances) for name, instances in payload["set"].items()}
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        str(row.position).encode(),
        kind.encode(),
        orjson.dumps(told),
    )


def _value(instances: list[dict[str, Any]]) -> Any:
    """Return the value of the first instance; None for an attribute that was deleted."""
    if not instances:
        return None
    return instances[0].get(VALUE_MEMBER.get(instances[0].get("type", ""), "value"))

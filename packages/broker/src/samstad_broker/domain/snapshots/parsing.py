"""From the body of a request to what is kept of a snapshot (clause 5.2.41)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samstad_broker.domain.snapshots.representation import OUTPUT_ONLY
from samstad_broker.domain.subscriptions.endpoint import parse_endpoint
from samstad_ngsild.context import Context
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import BadRequestData, NgsiLdError, OperationNotSupported
from samstad_ngsild.query import Query, parse_query_body
from samstad_ngsild.temporal.duration import parse_duration

__all__ = [
    "DEFAULT_PRIORITY",
    "PREPARING",
    "SnapshotRequest",
    "lifetime_us",
    "parse_clone",
    "parse_snapshot",
    "parse_update",
]

PREPARING = "preparing"
"""The status of a snapshot that is being filled."""

DEFAULT_PRIORITY = 5
_HIGHEST_PRIORITY = 10
_MOST_QUERIES = 100
_MONTH_US = 30 * 86_400 * 1_000_000
_QUERIES = frozenset({"snapshotQueries", "snapshotTemporalQueries"})
_SETTLED = frozenset({"id", "type", "snapshotLifetime", "snapshotPriority", "endpoint", "receiverInfo"})
_OF_THE_ANSWER = ("join", "joinLevel", "containedBy", "lang")
"""Members of a Query that change what an answer looks like and nothing of what a snapshot could hold."""


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """What a client asks for.

    Attributes:
        body: the members to keep; names in queries are IRIs.
        queries: the queries to run, in order; none for a clone.
        past: the temporal queries to run, each as it was given and read.
    """

    body: dict[str, Any]
    queries: tuple[Query, ...] = ()
    past: tuple[tuple[Mapping[str, Any], Query], ...] = ()


def parse_snapshot(body: Any, context: Context, *, snapshot_id: str) -> SnapshotRequest:
    """Return what a body asks to be created.

    Args:
        body: the JSON, its @context taken out.
        context: in which names are meant.
        snapshot_id: the URI that it gets where it names none.

    Raises:
        BadRequestData: a restriction of clause 5.2.41 is not met.
        OperationNotSupported: it asks for what belongs to answers.
    """
    _check_members(body, _SETTLED | _QUERIES)
    kept = _settled(body, snapshot_id)
    if _QUERIES.isdisjoint(body):
        detail = "A snapshot is made of snapshotQueries, or snapshotTemporalQueries, or both."
        raise BadRequestData(detail, pointer="/snapshotQueries")
    given, past = _listed(body, "snapshotQueries"), _listed(body, "snapshotTemporalQueries")
    queries = tuple(_query(one, context, f"/snapshotQueries/{place}") for place, one in enumerate(given))
    asked = tuple(
        (one, _query(one, context, f"/snapshotTemporalQueries/{place}", temporal=True))
        for place, one in enumerate(past)
    )
    kept |= {name: [_with_iris(one, context) for one in body[name]] for name in _QUERIES if name in body}
    return SnapshotRequest(kept, queries, asked)


def parse_clone(body: Any, *, snapshot_id: str) -> SnapshotRequest:
    """Return what a body asks of a clone: everything but queries (clause 5.16.2.3).

    Raises:
        BadRequestData: a restriction of clause 5.2.41 is not met.
    """
    _check_members(body, _SETTLED)
    return SnapshotRequest(_settled(body, snapshot_id))


def parse_update(current: Mapping[str, Any], fragment: Any) -> dict[str, Any]:
    """Return the kept members after an update; the NGSI-LD null takes one out (clauses 5.16.4.4, 5.5.8).

    Raises:
        BadRequestData: a restriction of clause 5.2.41 is not met, or a member cannot be changed.
    """
    if not isinstance(fragment, dict) or not fragment:
        raise BadRequestData("The fragment is a JSON object with the members to change.", pointer="")
    _check_members({"type": "Snapshot", **fragment}, _SETTLED)
    if fragment.get("id", current["id"]) != current["id"]:
        raise BadRequestData("The id of a snapshot cannot be changed.", pointer="/id")
    merged = {name: value for name, value in current.items() if name in _SETTLED}
    merged |= {name: value for name, value in fragment.items() if name in _SETTLED}
    kept = _settled({name: value for name, value in merged.items() if value != NULL}, current["id"])
    return kept | {name: current[name] for name in _QUERIES if name in current}


def lifetime_us(body: Mapping[str, Any]) -> int | None:
    """Return how long the client wishes a snapshot to exist; None where it does not say."""
    if "snapshotLifetime" not in body:
        return None
    duration = parse_duration(body["snapshotLifetime"], pointer="/snapshotLifetime")
    if duration.is_whole_range:
        raise BadRequestData("A lifetime is longer than nothing.", pointer="/snapshotLifetime")
    return duration.months * _MONTH_US + duration.time_us


def _check_members(body: Any, known: frozenset[str]) -> None:
    if not isinstance(body, dict) or body.get("type") != "Snapshot":
        raise BadRequestData('The body is an object with "type": "Snapshot".', pointer="/type")
    for name in body:
        if name in _QUERIES and name not in known:
            raise BadRequestData(
                f"{name} is settled when a snapshot is created: leave it out here.", pointer=f"/{name}"
            )
        if name not in known and name not in OUTPUT_ONLY:
            raise BadRequestData(f"{name!r:.80} is no member of a snapshot.", pointer=f"/{name}")


def _settled(body: Mapping[str, Any], snapshot_id: str) -> dict[str, Any]:
    kept = {"id": body.get("id", snapshot_id), "type": "Snapshot"}
    check_uri(kept["id"], pointer="/id")
    lifetime_us(body)
    priority = body.get("snapshotPriority", DEFAULT_PRIORITY)
    if type(priority) is not int or not 1 <= priority <= _HIGHEST_PRIORITY:
        raise BadRequestData(
            f"snapshotPriority is a whole number from 1 to {_HIGHEST_PRIORITY}.", pointer="/snapshotPriority"
        )
    _check_endpoint(body)
    named = {name: body[name] for name in ("snapshotLifetime", "endpoint", "receiverInfo") if name in body}
    return kept | {"snapshotPriority": priority} | named


def _check_endpoint(body: Mapping[str, Any]) -> None:
    """Refuse an endpoint that notifications of subscriptions could not have either (clause 5.2.15)."""
    receiver = {"receiverInfo": body["receiverInfo"]} if "receiverInfo" in body else {}
    if "endpoint" not in body:
        if receiver:
            detail = "receiverInfo is for an endpoint: give endpoint as well."
            raise BadRequestData(detail, pointer="/receiverInfo")
        return
    try:
        parse_endpoint({"uri": body["endpoint"], **receiver})
    except BadRequestData as error:
        pointer = (error.pointer or "").removeprefix("/notification/endpoint").replace("/uri", "/endpoint")
        detail = error.detail.replace("/notification/endpoint/uri", "endpoint")
        raise BadRequestData(detail, pointer=pointer) from None


def _listed(body: Mapping[str, Any], name: str) -> list[Any]:
    given = body.get(name, [None])
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_QUERIES:
        raise BadRequestData(f"{name} is an array of 1 to {_MOST_QUERIES} Query objects.", pointer=f"/{name}")
    return given if name in body else []


def _query(body: Any, context: Context, pointer: str, *, temporal: bool = False) -> Query:
    if isinstance(body, dict):
        for name in _OF_THE_ANSWER:
            if name in body:
                raise OperationNotSupported(
                    f"{name} is for answers: ask with it when you query the snapshot.",
                    pointer=f"{pointer}/{name}",
                )
        if ("temporalQ" in body) is not temporal:
            detail = "A temporal query has a temporalQ, and one of the present has none (clause 5.2.41)."
            raise BadRequestData(detail, pointer=f"{pointer}/temporalQ")
    try:
        return parse_query_body(body, context, local=True, temporal=temporal)
    except NgsiLdError as error:
        error.pointer = pointer + (error.pointer or "")
        raise


def _with_iris(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return a query with IRIs for the names that an answer can write in another @context (clause 5.5.7)."""
    kept = dict(body)
    if "entities" in body:
        kept["entities"] = [_selector(one, context) for one in body["entities"]]
    if "attrs" in body:
        kept["attrs"] = [context.expand(name) for name in body["attrs"]]
    if "geoproperty" in body.get("geoQ", ()):
        kept["geoQ"] = {**body["geoQ"], "geoproperty": context.expand(body["geoQ"]["geoproperty"])}
    return kept


def _selector(selector: Mapping[str, Any], context: Context) -> dict[str, Any]:
    kind = selector["type"]
    plain = kind != "*" and not any(mark in kind for mark in ",|;()")
    return {**selector, "type": context.expand(kind)} if plain else dict(selector)

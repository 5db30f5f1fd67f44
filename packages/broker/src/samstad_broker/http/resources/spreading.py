"""Writes that concern registered sources: divided, sent, and one answer made of all (clauses 5.6, 6.3.17).

Sources are asked before this broker changes anything of its own, so that a loop or a source that alone holds
the data leaves nothing half done here. What came of it:

| what failed                                          | answer                                       |
|------------------------------------------------------|----------------------------------------------|
| nothing                                              | as for a local request                       |
| the one exclusive or redirect source that holds all  | 508, 504, 404, 409 (not supported) or 502    |
| anything else                                        | 207 with what was and what was not done      |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.failures import BadGateway, GatewayTimeout
from samstad_broker.http.messages import Response
from samstad_broker.http.problems import respond_to
from samstad_broker.http.resources.distributed import asked_by, is_distributed
from samstad_broker.http.responses import multi_status, no_content
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.lookup import found_for_reading
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.forwarder import Division, Result, Sending, Write
from samstad_ngsild.context import Context
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import Conflict, LoopDetected, NgsiLdError, NonexistentTenant, ResourceNotFound
from samstad_ngsild.query import alternatives, parse_type_selection

__all__ = ["Spread", "failure_of", "passed_on", "problem_of", "require_write", "spread", "types_here"]

_PASSED_ON = ("type", "options", "format", "observedAt", "lang", "datasetId", "deleteAll")


def _nothing() -> None:
    """Check nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A write as a resource takes it.

    Attributes:
        write: what is to be done.
        sending: how it goes to sources.
        here: does what is left here; it is given the rest of the body.
        check: raises for a body that is not valid, before anything is sent (clause 5.5.4).
        done: makes the answer where all of it was done.
        of_attributes: whether 207 tells of attributes (clause 5.2.18) or of the entity (clause 5.2.16).
        right: what the caller must be allowed to do.
    """

    write: Write
    sending: Sending
    here: Callable[[dict[str, Any]], Awaitable[Response]]
    check: Callable[[], object] = _nothing
    done: Callable[[], Response] = no_content
    of_attributes: bool = False
    right: Operation = field(default=Operation.WRITE)


def spread(
    broker: Broker,
    exchange: Exchange,
    context: Context,
    made: Callable[[], Spread],
    *,
    new: Mapping[str, Any] | None = None,
) -> Awaitable[Response] | None:
    """Carry out a write at sources and here; None: it is this broker's alone.

    ``made`` is asked only where a registration could be about the entity: that of the path, or a new one.

    Raises:
        LoopDetected: the request has been here before.
        Forbidden: the caller may not change entities of these types.
    """
    if not is_distributed(broker, exchange) or not _may_concern(broker, exchange, context, new):
        return None
    wanted = made()
    check_uri(wanted.write.entity_id, pointer="entityId")
    division = broker.forwarder.divide(asked_by(exchange, context), wanted.write)
    if division is None:
        return None
    wanted.check()
    require_write(exchange, division, wanted.write, wanted.right)
    return _carry_out(broker, exchange, context, wanted, division)


def _may_concern(broker: Broker, exchange: Exchange, context: Context, new: Mapping[str, Any] | None) -> bool:
    if new is None:
        entity_id: Any = exchange.path["entityId"]
        known = broker.data(exchange.call).entities.get(entity_id)
        types: tuple[str, ...] | None = None if known is None else known.types
    else:
        entity_id, types = new.get("id"), _types_in(new, context)
    return types is None or broker.forwarder.may_concern(exchange.tenant, (entity_id,), types)


def _types_in(body: Mapping[str, Any], context: Context) -> tuple[str, ...] | None:
    told = body.get("type")
    listed = told if isinstance(told, list) else [told]
    return tuple(map(context.expand, listed)) if all(isinstance(one, str) for one in listed) else None


def types_here(broker: Broker, exchange: Exchange, context: Context) -> tuple[str, ...]:
    """Return the types of the entity of the path, as far as they are known; an unknown tenant has none."""
    try:
        return found_for_reading(broker, exchange.call, exchange.path["entityId"]).types
    except (ResourceNotFound, NonexistentTenant):
        selection = exchange.parameters.text("type")
    if selection is None:
        return ()
    return tuple(alternatives(parse_type_selection(selection), context) or ())


def passed_on(exchange: Exchange) -> dict[str, str]:
    """Return the parameters that sources are told as well."""
    values = exchange.parameters.values
    return {name: values[name] for name in _PASSED_ON if name in values}


def require_write(exchange: Exchange, division: Division, write: Write, right: Operation) -> None:
    """Raise Forbidden unless the caller may change what a source is to change in this node's name."""
    call = exchange.call
    if write.types:
        call.require(right, write.types)
        return
    for share in division.shares:
        for info in share.match.information:
            kinds = [kind for entity in info.entities for kind in entity.types]
            if not kinds and not call.may(right, None):
                raise Forbidden(f"{call.caller.id} may not {right.value} entities of any type here.")
            call.require(right, kinds)


async def _carry_out(
    broker: Broker, exchange: Exchange, context: Context, wanted: Spread, division: Division
) -> Response:
    shares = [(share, wanted.sending) for share in division.shares]
    results = await broker.forwarder.send(asked_by(exchange, context), shares)
    if division.rest is None and len(results) == 1 and not results[0].is_success:
        raise failure_of(results[0])
    own: Response | Exception | None = None
    if division.rest is not None:
        if any(result.status == 508 and result.share.match.source.mode != "inclusive" for result in results):
            raise LoopDetected("The registrations of sources go in a circle.")
        own = await _here(wanted, division, any(result.is_success for result in results))
    if all(result.is_success for result in results) and (own is None or _is_success(own)):
        return own if isinstance(own, Response) else wanted.done()
    tell = _of_attributes if wanted.of_attributes else _of_entity
    return multi_status(tell(wanted, results, own, context))


async def _here(wanted: Spread, division: Division, is_known: bool) -> Response | Exception | None:
    """Do the rest; that the entity is not here is no failure where a source knows it."""
    try:
        return await wanted.here(dict(division.rest or {}))
    except ResourceNotFound as error:
        return None if is_known else error
    except (NgsiLdError, Forbidden) as error:
        return error


def _is_success(own: Response | Exception) -> bool:
    return isinstance(own, Response) and own.status != 207


def failure_of(result: Result) -> Exception:
    """Return the error of the one source that holds what is to be changed (clause 6.3.17)."""
    told: dict[str, Any] = {"registrationId": result.share.match.source.id}
    if not result.share.is_supported:
        return Conflict(result.detail, **told)
    if result.status == 508:
        return LoopDetected(result.detail, **told)
    if result.status == 404:
        return ResourceNotFound(result.detail, **told)
    if result.status == 504:
        return GatewayTimeout(result.detail, **told)
    if isinstance(result.content, dict):
        told["source"] = result.content
    return BadGateway(result.detail, **told)


def problem_of(error: Exception) -> Any:
    """Return the problem details that an error alone would be answered with."""
    if isinstance(error, NgsiLdError):
        return error.problem()
    return orjson.loads(respond_to(error, new_incident=str).body)


def _of_entity(
    wanted: Spread, results: Sequence[Result], own: Response | Exception | None, context: Context
) -> dict[str, Any]:
    """Tell of the entity as a whole (clauses 5.2.16, 5.2.17)."""
    del context
    entity_id = wanted.write.entity_id
    errors = [
        {
            "entityId": entity_id,
            "error": problem_of(failure_of(result)),
            "registrationId": result.share.match.source.id,
        }
        for result in results
        if not result.is_success
    ]
    if isinstance(own, Exception):
        errors.append({"entityId": entity_id, "error": problem_of(own)})
    is_done = isinstance(own, Response) or any(result.is_success for result in results)
    return {"success": [entity_id] if is_done else [], "errors": errors}


def _of_attributes(
    wanted: Spread, results: Sequence[Result], own: Response | Exception | None, context: Context
) -> dict[str, Any]:
    """Tell of each attribute (clauses 5.2.18, 5.2.19)."""
    updated: dict[str, None] = {}
    failed: list[dict[str, Any]] = []
    for result in results:
        names = result.share.attributes or _meant(wanted, context)
        if result.is_success:
            updated |= dict.fromkeys(names)
            continue
        told = _told_by(result)
        updated |= dict.fromkeys(name for name in told.get("updated", ()) if isinstance(name, str))
        reason, source = result.detail, result.share.match.source.id
        failed += [{"attributeName": n, "reason": reason, "registrationId": source} for n in names]
    if isinstance(own, Exception):
        reason = getattr(own, "detail", str(own))
        failed += [{"attributeName": name, "reason": reason} for name in _meant(wanted, context)]
    elif own is not None and own.status == 207:
        told = orjson.loads(own.body)
        updated |= dict.fromkeys(told["updated"])
        failed += told["notUpdated"]
    elif own is not None:
        updated |= dict.fromkeys(_meant(wanted, context))
    return {"updated": list(updated), "notUpdated": failed}


def _told_by(result: Result) -> Mapping[str, Any]:
    content = result.content if isinstance(result.content, dict) else {}
    return content if isinstance(content.get("updated"), list) else {}


def _meant(wanted: Spread, context: Context) -> list[str]:
    if wanted.write.attribute is not None:
        return [context.compact(wanted.write.attribute)]
    return [name for name in wanted.write.body or () if name not in ("id", "type", "@context")]

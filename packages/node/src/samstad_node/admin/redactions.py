"""``POST /admin/v1/redactions``: take values out of the history of an entity, for a reason that stays."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_broker.http.messages import Response as Answer
from samstad_broker.http.problems import respond_to
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.history_keeping import redact_history
from samstad_broker.spi.authorizer import Authorizer, Forbidden, Operation
from samstad_ngsild.context import Context
from samstad_ngsild.errors import BadRequestData

__all__ = ["PATH", "redaction_routes"]

PATH = "/admin/v1/redactions"
_MAX_BODY = 65_536


class Redaction(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request.

    Attributes:
        entity: its id.
        reason: why; it stays in the log.
        attributes: names in the node's own context, or IRIs; None: all.
        tenant: the data set.
    """

    entity: str
    reason: str
    attributes: list[str] | None = None
    tenant: str = ""


def redaction_routes(
    broker: Broker,
    authorizer: Authorizer,
    context: Callable[[], Awaitable[Context]],
    *,
    now_us: Callable[[], int],
) -> list[Route]:
    """Return the route.

    Args:
        broker: whose history.
        authorizer: who may administer the tenant may redact in it.
        context: gives the @context that expands short names of attributes.
        now_us: the composition root's clock.
    """

    async def redact(request: Request) -> Response:
        try:
            peer = request.client.host if request.client else ""
            caller = authorizer.identify(dict(request.headers), now_us=now_us(), peer=peer)
            wanted = _read(await request.body())
            call = Call(caller=caller, authorizer=authorizer, tenant=wanted.tenant, now_us=now_us())
            _demand_right(call)
            names = wanted.attributes
            if names is not None:
                names = [*map((await context()).expand, names)]
            await redact_history(broker, call, wanted.entity, names, reason=wanted.reason)
        except Exception as error:  # noqa: BLE001 - the table of problems answers every one, as the API does
            return _response(respond_to(error, new_incident=lambda: secrets.token_hex(8)))
        return Response(status_code=204)

    return [Route(PATH, redact, methods=["POST"])]


def _demand_right(call: Call) -> None:
    if not call.may(Operation.ADMINISTER, None):
        raise Forbidden(f"{call.caller.id} may not redact here; it takes the right to administer.")


def _read(body: bytes) -> Redaction:
    if len(body) > _MAX_BODY:
        raise BadRequestData(f"The body has at most {_MAX_BODY} bytes.")
    try:
        return msgspec.json.decode(body, type=Redaction)
    except msgspec.DecodeError as error:
        raise BadRequestData(f"The body is no redaction: {error}.") from error


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, headers=dict(answer.headers))

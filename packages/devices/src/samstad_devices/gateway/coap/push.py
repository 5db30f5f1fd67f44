"""POST or PUT /push: a device sends what it measured; 2.04 when the raw message is durable (I3).

- Who: over ``coaps`` the device whose key it is; over ``coap`` the one whose token stands in ``?token=``.
- What: any payload; the model of the device says what it means.
- ``?key=`` makes a message that is sent again the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiocoap import Code, Message

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Uplink
from samstad_devices.gateway.coap.bounds import CoapBounds
from samstad_devices.gateway.coap.resources import BoundedResource
from samstad_devices.gateway.coap.socket import Peer
from samstad_devices.service.ingest import Ingest
from samstad_devices.spi.credentials import CredentialRefused, Credentials

__all__ = ["PushResource", "queries_of"]

_MAX_KEY = 128


class PushResource(BoundedResource):
    """Takes measurements.

    Args:
        bounds: of the endpoint.
        ingest: where they go.
        credentials: of devices.
        now_us: the clock.
    """

    def __init__(
        self, bounds: CoapBounds, *, ingest: Ingest, credentials: Credentials, now_us: Callable[[], int]
    ) -> None:
        super().__init__(bounds)
        self._ingest = ingest
        self._credentials = credentials
        self._now_us = now_us

    async def render_post(self, request: Any) -> Message:
        """Take a message."""
        queries = queries_of(request)
        subject = request.remote.subject or await self._subject(queries.get("token", ""))
        if not request.payload:
            raise MessageRefused("The message has no payload.")
        key = queries.get("key") or None
        if key is not None and len(key) > _MAX_KEY:
            raise MessageRefused(f"key has at most {_MAX_KEY} letters.")
        peer: Peer = request.remote
        uplink = Uplink(
            device=Identifier("entity", subject),
            payload=bytes(request.payload),
            content_format=request.opt.content_format,
            deduplication=key,
        )
        await self._ingest.take(peer.scheme, uplink)
        return Message(code=Code.CHANGED)

    render_put = render_post

    async def _subject(self, token: str) -> str:
        if not token:
            raise CredentialRefused("Send the token of the device as ?token=..., or use coaps with its key.")
        credential = await self._credentials.judge(token, now_us=self._now_us())
        if credential.kind != "device":
            raise CredentialRefused("The token is a connection's, and no device's.")
        return credential.subject


def queries_of(request: Any) -> dict[str, str]:
    """Return the query of a request by name; the first of equal names counts."""
    found: dict[str, str] = {}
    for told in request.opt.uri_query:
        name, _, value = told.partition("=")
        found.setdefault(name, value)
    return found

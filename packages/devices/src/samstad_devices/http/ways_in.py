"""Ways in over HTTP: webhooks of LoRaWAN network servers, and devices that push by themselves."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Message, Uplink
from samstad_devices.service.ingest import Ingest
from samstad_devices.spi.credentials import Credential, CredentialRefused, Credentials

__all__ = ["MAX_PUSH_BYTES", "ReadNetwork", "WaysIn"]

MAX_PUSH_BYTES = 65_536
_MAX_KEY = 128

ReadNetwork = Callable[[str, bytes, str | None], Message | None]
"""Reads a body of a network server: its name, the body, the event that is named beside it."""


class WaysIn:
    """Takes messages; the answer comes when they are durable.

    Args:
        ingest: where they go.
        credentials: of networks and devices.
        read_network: knows what network servers write.
        now_us: the clock.
    """

    def __init__(
        self,
        ingest: Ingest,
        credentials: Credentials,
        *,
        read_network: ReadNetwork,
        now_us: Callable[[], int],
    ) -> None:
        self._read_network = read_network
        self._ingest = ingest
        self._credentials = credentials
        self._now_us = now_us

    async def lorawan(self, request: Request) -> Response:
        """Take an event of a network server: 204 also where it came before, or tells nothing of a device."""
        credential = await self._judged(request)
        if credential.kind == "device" or credential.subject != request.path_params["connection"]:
            raise CredentialRefused("The token is for another connection.")
        event = request.query_params.get("event")
        message = self._read_network(credential.kind, await request.body(), event)
        if message is not None:
            await self._ingest.take(f"lorawan/{credential.subject}", message)
        return Response(status_code=204)

    async def push(self, request: Request) -> Response:
        """Take what a device sends, as it is: its model says what it means.

        ``Idempotency-Key`` makes a message that is sent again the same one.
        """
        credential = await self._judged(request)
        if credential.kind != "device":
            raise CredentialRefused("The token is a connection's, and no device's.")
        payload = await request.body()
        if not 0 < len(payload) <= MAX_PUSH_BYTES:
            raise MessageRefused(f"The body has {len(payload)} bytes; it has 1 to {MAX_PUSH_BYTES}.")
        key = request.headers.get("idempotency-key") or None
        if key is not None and len(key) > _MAX_KEY:
            raise MessageRefused(f"Idempotency-Key has at most {_MAX_KEY} letters.")
        device = Identifier("entity", credential.subject)
        await self._ingest.take("http", Uplink(device=device, payload=payload, deduplication=key))
        return Response(status_code=204)

    async def _judged(self, request: Request) -> Credential:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise CredentialRefused("Send the token as 'Authorization: Bearer <token>'.")
        return await self._credentials.judge(token.strip(), now_us=self._now_us())

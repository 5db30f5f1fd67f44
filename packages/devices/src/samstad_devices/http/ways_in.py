"""Ways in over HTTP: webhooks of LoRaWAN network servers, and devices that push by themselves."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Message, Uplink
from samstad_devices.domain.signing import SCHEME, canonical, is_fresh, is_signed, read_signed
from samstad_devices.service.ingest import Ingest
from samstad_devices.spi.credentials import Credential, CredentialRefused, Credentials
from samstad_devices.spi.keys import Keys

__all__ = ["MAX_PUSH_BYTES", "PUSH_PATH", "MessageRepeated", "ReadNetwork", "WaysIn"]

MAX_PUSH_BYTES = 65_536
PUSH_PATH = "/devices/v1/push"
"""As it is signed: what a caller sees, whatever stands before the node."""
_MAX_KEY = 128

ReadNetwork = Callable[[str, bytes, str | None], Message | None]
"""Reads a body of a network server: its name, the body, the event that is named beside it."""


class MessageRepeated(Exception):
    """A signed message came before: it is kept, and this is it again, by its sender or by somebody else."""


class WaysIn:
    """Takes messages; the answer comes when they are durable.

    Args:
        ingest: where they go.
        credentials: of networks and devices.
        read_network: knows what network servers write.
        now_us: the clock.
        keys: by which devices sign.
    """

    def __init__(
        self,
        ingest: Ingest,
        credentials: Credentials,
        *,
        read_network: ReadNetwork,
        now_us: Callable[[], int],
        keys: Keys,
    ) -> None:
        self._read_network = read_network
        self._ingest = ingest
        self._credentials = credentials
        self._now_us = now_us
        self._keys = keys

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

        ``Idempotency-Key`` makes a message that is sent again the same one. A signed one is the same where
        its signature is.
        """
        scheme, _, parameters = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == SCHEME:
            await self._push_signed(request, parameters)
        else:
            credential = await self._judged(request)
            if credential.kind != "device":
                raise CredentialRefused("The token is a connection's, and no device's.")
            await self._take(request, credential.subject, None)
        return Response(status_code=204)

    async def _push_signed(self, request: Request, parameters: str) -> None:
        """Check in an order in which a stranger learns nothing: key and signature first, then the time."""
        told = read_signed(parameters)
        now_us = self._now_us()
        key = await self._keys.use(told.key, "hmac", now_us=now_us)
        signed = canonical(
            path=PUSH_PATH,
            time_s=told.time_s,
            idempotency_key=request.headers.get("idempotency-key", ""),
            body=await request.body(),
        )
        if not is_signed(key.secret, signed, told.signature):
            raise CredentialRefused("The signature is not this request's: see how it is made.")
        if not is_fresh(told.time_s, now_us=now_us):
            raise CredentialRefused(
                f"The request was signed at {told.time_s}, and it is {now_us // 1_000_000}: set the clock."
            )
        if not await self._take(request, key.facts.subject, told.signature):
            raise MessageRepeated("The message came before and is kept; sign a new one with a new time.")

    async def _take(self, request: Request, device_id: str, signature: str | None) -> bool:
        payload = await request.body()
        if not 0 < len(payload) <= MAX_PUSH_BYTES:
            raise MessageRefused(f"The body has {len(payload)} bytes; it has 1 to {MAX_PUSH_BYTES}.")
        key = request.headers.get("idempotency-key") or None
        if key is not None and len(key) > _MAX_KEY:
            raise MessageRefused(f"Idempotency-Key has at most {_MAX_KEY} letters.")
        device = Identifier("entity", device_id)
        uplink = Uplink(device=device, payload=payload, deduplication=key or signature)
        return await self._ingest.take("http", uplink)

    async def _judged(self, request: Request) -> Credential:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise CredentialRefused("Send the token as 'Authorization: Bearer <token>'.")
        return await self._credentials.judge(token.strip(), now_us=self._now_us())

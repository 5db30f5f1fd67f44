"""/rd: register, update, deregister (Core specification, clause 6.2).

- POST /rd: 2.01 with the registration's path; the client is then observed.
- POST /rd/{id}: 2.04; 4.04 where it is not known, upon which a client registers anew.
- DELETE /rd/{id}: 2.02.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiocoap import Code, Message, error
from aiocoap.resource import PathCapable

from samstad_devices.domain.errors import IdentifierRefused, MessageRefused
from samstad_devices.domain.identifiers import Identifier, identifier
from samstad_devices.domain.lifecycle import reception_of
from samstad_devices.domain.lwm2m.registration import Offer, lifetime_of, read_links, read_offer
from samstad_devices.domain.messages import Joined
from samstad_devices.gateway.coap.bounds import CoapBounds
from samstad_devices.gateway.coap.push import queries_of
from samstad_devices.gateway.coap.resources import BoundedResource
from samstad_devices.gateway.coap.socket import Peer
from samstad_devices.gateway.lwm2m.clients import Client, Clients
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.spi.credentials import CredentialRefused, Credentials

__all__ = ["DirectoryResource", "RegistrationResource"]


class DirectoryResource(BoundedResource):
    """Lets clients register.

    Args:
        bounds: of the endpoint.
        clients: which are registered.
        directory: which devices there are.
        credentials: of devices that come without encryption.
        ingest: told that a device has come.
        now_us: the clock.
        on_awake: told of each client that hears now.
        on_offer: told of each that is new, or offers something else, or does it from elsewhere.
    """

    rt = "core.rd"

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        bounds: CoapBounds,
        *,
        clients: Clients,
        directory: Directory,
        credentials: Credentials,
        ingest: Ingest,
        now_us: Callable[[], int],
        on_awake: Callable[[Client], None],
        on_offer: Callable[[Client], None],
    ) -> None:
        super().__init__(bounds)
        self.bounds = bounds
        self._clients = clients
        self._directory = directory
        self._credentials = credentials
        self._ingest = ingest
        self._now_us = now_us
        self._on_awake = on_awake
        self._on_offer = on_offer

    async def render_post(self, request: Any) -> Message:
        """Register."""
        return await self._register(request)

    def deregister(self, request: Any) -> Message:
        """Forget the client of a registration."""
        self._clients.remove(self._client(request.opt.uri_path))
        return Message(code=Code.DELETED)

    def _client(self, path: tuple[str, ...]) -> Client:
        client = self._clients.find(path[0]) if len(path) == 1 else None
        if client is None:
            raise error.NotFound("There is no such registration: register.")
        return client

    async def _register(self, request: Any) -> Message:
        queries = queries_of(request)
        offer = read_offer(queries, _text(request.payload))
        device_id = self._device(offer)
        await self._prove(request.remote, queries.get("token", ""), device_id)
        if self._clients.is_full():
            raise error.ServiceUnavailable("As many clients are registered as there may be.")
        await self._ingest.take("lwm2m", Joined(device=Identifier("entity", device_id)))
        client = self._clients.add(device_id, offer, request.remote)
        self._on_offer(client)
        self._on_awake(client)
        answer = Message(code=Code.CREATED)
        answer.opt.location_path = ("rd", client.id)
        return answer

    def _device(self, offer: Offer) -> str:
        if not self._directory.loaded.is_set():
            raise error.ServiceUnavailable("The node does not know its devices yet: try again.")
        try:
            owners = self._directory.owners(identifier("lwm2mEndpoint", offer.endpoint))
        except IdentifierRefused as refused:
            raise MessageRefused(refused.detail) from None
        device = self._directory.device(owners[0]) if len(owners) == 1 else None
        if device is None or reception_of(device.life) == "quarantine":
            # What is wrong, only those learn who manage devices: a stranger must not find out names.
            raise error.Forbidden("No device of that name may register here.")
        return device.id

    async def _prove(self, peer: Peer, token: str, device_id: str) -> None:
        """Let a client register as the device that it is, by its key or by its token, and as no other."""
        subject = peer.subject
        if not subject and token:
            try:
                subject = (await self._credentials.judge(token, now_us=self._now_us())).subject
            except CredentialRefused:
                subject = ""
        if subject != device_id:
            raise error.Forbidden("No device of that name may register here.")

    def update(self, request: Any) -> Message:
        """Keep a registration for another lifetime, with what has changed."""
        client = self._client(request.opt.uri_path)
        peer: Peer = request.remote
        if peer.subject != client.peer.subject:
            raise error.NotFound("There is no such registration: register.")
        queries = queries_of(request)
        offer = client.offer
        if "lt" in queries:
            offer = replace(offer, lifetime_s=lifetime_of(queries["lt"]))
        if request.payload:
            offer = replace(offer, objects=read_links(_text(request.payload))[0])
        is_changed = peer != client.peer or offer.objects != client.offer.objects
        if is_changed:
            self._clients.on_end(client)
        now_us = self._now_us()
        client.offer, client.peer, client.heard_us = offer, peer, now_us
        client.expires_us = now_us + offer.lifetime_s * 1_000_000
        if is_changed:
            self._on_offer(client)
        self._on_awake(client)
        return Message(code=Code.CHANGED)


class RegistrationResource(BoundedResource, PathCapable):  # type: ignore[misc]  # aiocoap is untyped
    """What is below /rd: one registration.

    Args:
        directory: where it was made.
    """

    def __init__(self, directory: DirectoryResource) -> None:
        super().__init__(directory.bounds)
        self._directory = directory

    async def render_post(self, request: Any) -> Message:
        """Update."""
        return self._directory.update(request)

    async def render_delete(self, request: Any) -> Message:
        """Deregister."""
        return self._directory.deregister(request)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as fault:
        raise MessageRefused(f"The list of objects is no UTF-8, at byte {fault.start}.") from None

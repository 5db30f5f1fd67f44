"""What the operations on registrations work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.documents import Documents
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["COLLECTION", "Registrations", "may_change", "types_of"]

COLLECTION = "registrations"
"""The collection of documents in the log that holds registrations."""


def _tell_nobody(tenant: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    del tenant, before, after


@dataclass(slots=True, kw_only=True)
class Registrations:
    """The registrations of a shard: documents of ``body`` (names as IRIs), ``createdUs``, ``modifiedUs``."""

    broker: Broker
    documents: Documents
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while one is checked against the others and written."""
    changed: Callable[[str, Mapping[str, Any] | None, Mapping[str, Any] | None], None] = _tell_nobody
    """Told of each durable change: the tenant, the registration before and after."""

    def current(self, tenant: str, now_us: int) -> Iterator[Mapping[str, Any]]:
        """Yield the registrations of a tenant that have not expired, oldest first (clause 5.9.2.4)."""
        for _, stored in self.documents.list(tenant, COLLECTION):
            expires_at = stored["body"].get("expiresAt")
            if expires_at is None or parse_datetime(expires_at) > now_us:
                yield stored

    def get(self, call: Call, registration_id: str) -> Mapping[str, Any]:
        """Return a registration that the caller may see.

        Raises:
            BadRequestData: the id is no URI.
            ResourceNotFound: there is none, or none for this caller (I6).
        """
        check_uri(registration_id, pointer="registrationId")
        self.broker.data(call)
        for stored in self.current(call.tenant, call.now_us):
            if stored["body"]["id"] == registration_id and may_see(call, stored):
                return stored
        raise ResourceNotFound(f"There is no registration {registration_id} here.", pointer="registrationId")


def types_of(body: Mapping[str, Any]) -> list[str | None]:
    """Return the entity types that a registration is about; None where it is about any."""
    found: list[str | None] = []
    for info in body["information"]:
        if "entities" not in info:
            found.append(None)
        found.extend(name for entity in info.get("entities", ()) for name in entity["type"])
    return found


def may_see(call: Call, stored: Mapping[str, Any]) -> bool:
    """Whether the caller may read, or register, everything that a registration is about."""
    return all(
        call.may(Operation.READ, name) or call.may(Operation.REGISTER, name)
        for name in types_of(stored["body"])
    )


def may_change(call: Call, stored: Mapping[str, Any]) -> bool:
    """Whether the caller may register everything that a registration is about, and so see its secrets."""
    return all(call.may(Operation.REGISTER, name) for name in types_of(stored["body"]))

"""Which devices there are, in memory: asked for each message, told by the broker of every change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from samstad_devices.domain.errors import ProfileRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.names import CLAIM, CONTRACT, PROFILE, attribute_of, identifiers_of
from samstad_devices.domain.profile import Profile, read_profile
from samstad_devices.spi.city import City
from samstad_ngsild.client import Notification, Selection

__all__ = ["Directory", "KnownDevice"]

Document = dict[str, Any]
_NO_PROFILE = Profile(decoder="json")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A Device entity as far as messages depend on it.

    Attributes:
        id: of the entity.
        life: ``lifeCycle``, or empty.
        model: id of its DeviceModel, or empty.
        asset: id of the place that it measures, or empty; the first where there are several.
        claim: digest of the code by which it can be claimed, or empty.
        expected_s: how often it reports, its own word before its model's; 0 where nobody knows.
        reach: ``reachability`` as it was when the entity was read or written here last.
    """

    id: str
    identifiers: frozenset[Identifier] = frozenset()
    life: str = ""
    model: str = ""
    asset: str = ""
    claim: str = ""
    expected_s: float = 0.0
    has_contract: bool = False
    has_position: bool = False
    reach: str = ""


class Directory:
    """Devices by their identifiers, and the profiles of their models."""

    def __init__(self) -> None:
        self._devices: dict[str, KnownDevice] = {}
        self._owners: dict[Identifier, dict[str, None]] = {}
        self._at: dict[str, dict[str, None]] = {}
        self._profiles: dict[str, Profile | ProfileRefused] = {}
        self.loaded = asyncio.Event()
        """Set when all that the broker has was seen once: before that, unknown means nothing."""
        self.appeared: set[Identifier] = set()
        """Identifiers that are new since somebody emptied it: what waits for them can go on."""

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[KnownDevice]:
        return iter(self._devices.values())

    def device(self, entity_id: str) -> KnownDevice | None:
        """Return a device by the id of its entity."""
        return self._devices.get(entity_id)

    def at(self, asset: str) -> tuple[str, ...]:
        """Return the ids of the devices at a place."""
        return tuple(self._at.get(asset, ()))

    def owners(self, identifier: Identifier) -> tuple[str, ...]:
        """Return the ids of all devices that claim an identifier; two are one too many."""
        if identifier.kind == "entity":
            return (identifier.text,) if identifier.text in self._devices else ()
        return tuple(self._owners.get(identifier, ()))

    def change(self, entity_id: str, **changes: Any) -> None:
        """Know a change at once that the broker will tell in a moment."""
        known = self._devices.get(entity_id)
        if known is not None:
            self._leave(known)
            self._devices[entity_id] = replace(known, **changes)
            self._enter(self._devices[entity_id])

    def profile(self, model: str) -> Profile | None:
        """Return a model's profile; None where it has none.

        Raises:
            ProfileRefused: it has one that cannot work.
        """
        found = self._profiles.get(model)
        if isinstance(found, ProfileRefused):
            raise found
        return found

    def allowed_s(self, device: KnownDevice) -> float:
        """Return how long a device may say nothing, its grace included; 0 where nobody knows."""
        found = self._profiles.get(device.model)
        profile = found if isinstance(found, Profile) else _NO_PROFILE
        return (device.expected_s or profile.expected_interval_s) * profile.grace

    async def load(self, city: City) -> None:
        """Take all that the broker has."""
        async for page in city.pages(Selection(type="DeviceModel")):
            self.take_models(page)
        async for page in city.pages(Selection(type="Device")):
            self.take_devices(page)
        self.loaded.set()

    async def told_devices(self, notification: Notification) -> None:
        """Take what the broker tells of devices."""
        self.take_devices(notification.entities)

    async def told_models(self, notification: Notification) -> None:
        """Take what the broker tells of device models."""
        self.take_models(notification.entities)

    def take_devices(self, entities: Iterable[Document]) -> None:
        """Take devices as they are now."""
        for entity in entities:
            self._forget(entity["id"])
            if "deletedAt" not in entity:
                self._learn(_read_device(entity))

    def take_models(self, entities: Iterable[Document]) -> None:
        """Take models as they are now."""
        for entity in entities:
            told = None if "deletedAt" in entity else attribute_of(entity, PROFILE)
            if told is None:
                self._profiles.pop(entity["id"], None)
                continue
            try:
                self._profiles[entity["id"]] = read_profile(told)
            except ProfileRefused as error:
                self._profiles[entity["id"]] = error

    def _learn(self, device: KnownDevice) -> None:
        self._devices[device.id] = device
        self._enter(device)
        for one in device.identifiers:
            self._owners.setdefault(one, {})[device.id] = None
            self.appeared.add(one)

    def _forget(self, entity_id: str) -> None:
        known = self._devices.pop(entity_id, None)
        if known is not None:
            self._leave(known)
        for one in known.identifiers if known else ():
            owners = self._owners[one]
            del owners[entity_id]
            if not owners:
                del self._owners[one]

    def _enter(self, device: KnownDevice) -> None:
        if device.asset:
            self._at.setdefault(device.asset, {})[device.id] = None

    def _leave(self, device: KnownDevice) -> None:
        there = self._at.get(device.asset)
        if there is not None:
            there.pop(device.id, None)
            if not there:
                del self._at[device.asset]


def _read_device(entity: Document) -> KnownDevice:
    expected = attribute_of(entity, "expectedInterval")
    return KnownDevice(
        id=entity["id"],
        identifiers=identifiers_of(entity),
        life=_text(attribute_of(entity, "lifeCycle")),
        model=_text(attribute_of(entity, "refDeviceModel")),
        asset=_text(attribute_of(entity, "controlledAsset")),
        claim=_text(attribute_of(entity, CLAIM)),
        expected_s=float(expected) if isinstance(expected, int | float) and expected > 0 else 0.0,
        has_contract=bool(attribute_of(entity, CONTRACT)),
        has_position=attribute_of(entity, "location") is not None,
        reach=_text(attribute_of(entity, "reachability")),
    )


def _text(told: object) -> str:
    first = told[0] if isinstance(told, list) and told else told
    return first if isinstance(first, str) else ""

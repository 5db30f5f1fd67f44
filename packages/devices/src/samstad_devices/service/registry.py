"""Devices as entities: brought in, led through their life, and changed at their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from samstad_devices.domain.errors import TransitionRefused
from samstad_devices.domain.lifecycle import REVOKES, Facts, Step, move
from samstad_devices.mapping import Target, iso, joined
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.spi.city import City
from samstad_devices.spi.credentials import Credentials
from samstad_devices.spi.frame_store import Heard
from samstad_devices.spi.keys import Keys

__all__ = ["DeviceUnknown", "Registry", "SwapPlan", "SwapRefused"]

Document = dict[str, Any]


class DeviceUnknown(Exception):
    """There is no such device."""


class SwapRefused(Exception):
    """The one device cannot take the other's place."""


class SwapPlan(NamedTuple):
    """What a swap does: the old box goes back on the shelf, the new one begins at its place."""

    old: KnownDevice
    new: KnownDevice
    back: Step
    begins: Step


class Registry:
    """Changes Device entities; what it writes comes back to the directory from the broker.

    Args:
        directory: which devices there are.
        credentials: of devices.
        heard: gives when a device was heard.
        now_us: the clock.
        keys: of devices, which end with their credentials.
    """

    def __init__(
        self,
        directory: Directory,
        credentials: Credentials,
        *,
        heard: Callable[[str], Heard | None],
        now_us: Callable[[], int],
        keys: Keys | None = None,
    ) -> None:
        self._directory = directory
        self._credentials = credentials
        self._heard = heard
        self._now_us = now_us
        self._keys = keys
        self._swapping: set[str] = set()
        self.announced: set[tuple[str, str]] = set()
        """Steps that are being written: the id of the device, and the state."""

    def _known(self, device_id: str) -> KnownDevice:
        device = self._directory.device(device_id)
        if device is None:
            raise DeviceUnknown(f"There is no Device {device_id:.200}.")
        return device

    def facts(self, device: KnownDevice) -> Facts:
        """Return what is known of a device when it shall go on."""
        heard = self._heard(device.id)
        return Facts(
            has_identifier=bool(device.identifiers),
            has_contract=device.has_contract,
            has_position=device.has_position,
            has_asset=bool(device.asset),
            was_heard=heard is not None and heard.accepted_us > 0,
        )

    async def move(self, city: City, device_id: str, end: str, *, who: str, why: str) -> Step:
        """Lead a device to another state of its life; where that ends its credentials, they end first.

        Raises:
            DeviceUnknown: there is no such device.
            TransitionRefused: the life cycle does not allow it, or not yet.
        """
        device = self._known(device_id)
        wish = Step(device.life or "planned", end, who, why, self._now_us())
        step = move(wish, self.facts(device))
        if end in REVOKES:
            await self._credentials.revoke(device_id)
            if self._keys is not None:
                await self._keys.revoke(device_id)
        with self._announced((device_id, end)):
            await city.append(device_id, {"lifeCycle": _life(step)})
            self._take(device, life=end)
        return step

    async def set_back(self, city: City, device_id: str, *, why: str) -> None:
        """Write again where the life of a device is, after something else was written there."""
        device = self._known(device_id)
        step = Step(device.life, device.life, "the node", f"set back: {why}", self._now_us())
        with self._announced((device_id, device.life)):
            await city.append(device_id, {"lifeCycle": _life(step)})

    @contextmanager
    def _announced(self, *steps: tuple[str, str]) -> Iterator[None]:
        """Let the broker tell of these steps while they are being written: they surprise nobody."""
        self.announced.update(steps)
        try:
            yield
        finally:
            self.announced.difference_update(steps)

    async def swap(self, city: City, old_id: str, new_id: str, *, who: str, why: str) -> None:
        """Put a device in the place of another: the place keeps its id, its history and its rules.

        The old one goes back on the shelf; the new one is in service. The new one is joined first, so that a
        failure half-way leaves a place with two devices, which the same call mends, and never one with none.

        Raises:
            DeviceUnknown: one of them does not exist.
            SwapRefused: the old one is at no place, the new one is at another, or one is being swapped.
            TransitionRefused: the life of one of them does not allow it.
        """
        plan = self.check_swap(old_id, new_id, who=who, why=why)
        busy = {old_id, new_id} & self._swapping
        if busy:
            raise SwapRefused(f"{busy.pop()} is being swapped by somebody else now.")
        self._swapping |= {old_id, new_id}
        try:
            with self._announced((new_id, "inService"), (old_id, "received")):
                await self._carry_out(city, plan)
        finally:
            self._swapping -= {old_id, new_id}

    async def _carry_out(self, city: City, plan: SwapPlan) -> None:
        old, new = plan.old, plan.new
        old_id, new_id = old.id, new.id
        word = await self._word_for_device(city, old.asset)
        asset, device = joined(Target(new_id, old.asset), at_us=plan.begins.time_us, ref_device=word)
        position = await self._position(city, old_id)
        await city.append(new_id, {**_attributes(device), **position, "lifeCycle": _life(plan.begins)})
        self._take(new, life="inService", asset=old.asset)
        if asset is not None:
            await city.append(old.asset, _attributes(asset))
        await city.append(old_id, {"lifeCycle": _life(plan.back)})
        await city.delete_attribute(old_id, "controlledAsset")
        self._take(old, life="received", asset="")

    def check_swap(self, old_id: str, new_id: str, *, who: str, why: str) -> SwapPlan:
        """Return what a swap would do, and do nothing; raises as ``swap``."""
        old, new = self._known(old_id), self._known(new_id)
        if not old.asset:
            raise SwapRefused(f"{old_id} is at no place that another device could take.")
        if old_id == new_id or (new.asset and new.asset != old.asset):
            raise SwapRefused(f"{new_id} is at {new.asset} already: take it down first.")
        now_us = self._now_us()
        back = move(Step(old.life, "received", who, why, now_us), self.facts(old))
        return SwapPlan(old, new, back, _into_service(new.life, who, why, now_us))

    async def _word_for_device(self, city: City, asset_id: str) -> str:
        """Return by which relationship a place names its device: each subject has one of its own."""
        place = await city.find(asset_id) or {}
        return next((name for name in place if name.rpartition(":")[2] == "refDevice"), "refDevice")

    async def _position(self, city: City, device_id: str) -> Document:
        entity = await city.find(device_id) or {}
        return {"location": entity["location"]} if "location" in entity else {}

    def _take(self, device: KnownDevice, **changes: Any) -> None:
        """Know at once what the broker will tell in a moment."""
        self._directory.change(device.id, **changes)

    async def token(self, device_id: str, *, days: float) -> str:
        """Return a new token of a device, valid beside those that it has.

        Raises:
            DeviceUnknown: there is no such device.
            TransitionRefused: its life is over, or it is lost.
        """
        device = self._known(device_id)
        if device.life in REVOKES:
            raise TransitionRefused(f"{device_id} is {device.life}: it gets no token.", pointer="/lifeCycle")
        now_us = self._now_us()
        ends_us = now_us + round(days * 86_400_000_000)
        return await self._credentials.give(device_id, "device", now_us=now_us, ends_us=ends_us)


def _into_service(life: str, who: str, why: str, now_us: int) -> Step:
    """Return the step of a device that takes a place: what it lacks itself, the place has."""
    if life not in {"received", "commissioned", "maintenance", "inService"}:
        raise TransitionRefused(
            f"The new device is {life or 'of no known state'}; it must have been received.",
            pointer="/lifeCycle",
        )
    return Step(life, "inService", who, why, now_us)


def _life(step: Step) -> Document:
    return {
        "type": "Property",
        "value": step.end,
        "observedAt": iso(step.time_us),
        "changedBy": {"type": "Property", "value": step.who},
        "reason": {"type": "Property", "value": step.why},
    }


def _attributes(fragment: Document) -> Document:
    return {name: value for name, value in fragment.items() if name not in {"id", "type"}}

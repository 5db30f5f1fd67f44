"""The health of devices, watched message by message and scan by scan, told as alerts.

A silent gateway, link or node is one alert, and those of its devices are left out; when it is back they get
their whole interval again before they count as silent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from samstad_devices.domain.alert_kinds import LIMITS
from samstad_devices.domain.health import (
    DAY_US,
    HOUR_US,
    Memory,
    Neighbourhood,
    battery_of,
    cause_of_silence,
    is_cloned,
    is_storm,
    remember_address,
    remember_battery,
    remember_gateways,
    remember_loss,
    remember_times,
)
from samstad_devices.domain.messages import Joined, Message, StatusReported, Uplink
from samstad_devices.domain.normalise import Measurement, Normalised
from samstad_devices.mapping import iso
from samstad_devices.service.alerts import Alerts
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.service.silence import Silence, SilentDevice
from samstad_devices.spi.city import City
from samstad_devices.spi.frame_store import Heard, StoreUnavailable
from samstad_devices.spi.health_store import HealthStore
from samstad_models.hysteresis import HysteresisState, step
from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError

__all__ = ["Health"]

NODE = "urn:ngsi-ld:Node:this"
_SLICE = 500
_MOST_JOINS = 5
_UNREACHABLE = frozenset({"late", "silent", "neverHeard"})
_FULL = 1_000_000.0
_EMPTY = 0.1
_ABOVE_EMPTY = 0.2


class _Finding(NamedTuple):
    source: str
    kind: str
    cause: str
    detail: str


class Health:
    """Watches devices.

    Args:
        directory: which devices there are.
        silence: judges whether one is silent.
        heard: when each was heard, by id.
        alerts: what is raised.
        store: keeps memories.
        city: where ``reachability`` is written.
        now_us: the clock.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        directory: Directory,
        silence: Silence,
        heard: Mapping[str, Heard],
        alerts: Alerts,
        store: HealthStore,
        city: City,
        now_us: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._silence = silence
        self._heard = heard
        self._alerts = alerts
        self._store = store
        self._city = city
        self._now_us = now_us
        self._memories: dict[str, Memory] = {}
        self._changed: set[str] = set()
        self._gateways: dict[str, int] = {}
        self._limits: dict[tuple[str, str], HysteresisState] = {}
        self._excused: dict[str, int] = {}
        self._newest_us = 0
        self.silent_now = 0
        self.causes: dict[str, str] = {}
        """Whose the silence of a device is, by its id, as of the latest scan."""

    async def open(self) -> None:
        """Read what is remembered."""
        self._memories = await self._store.load()
        for memory in self._memories.values():
            for gateway, time_us in memory.gateways.items():
                self._gateways[gateway] = max(time_us, self._gateways.get(gateway, 0))

    def _memory(self, device_id: str) -> Memory:
        memory = self._memories.get(device_id)
        if memory is None:
            memory = self._memories[device_id] = Memory()
        self._changed.add(device_id)
        return memory

    # -- messages -----------------------------------------------------------------------------------

    def heard(
        self, device: KnownDevice, message: Message, found: Normalised | None, *, received_us: int
    ) -> None:
        """Take a message that was accepted, and what it means."""
        memory = self._memory(device.id)
        self._newest_us = max(self._newest_us, received_us)
        self._excused.pop(device.id, None)
        if isinstance(message, Uplink):
            self._uplink(device, memory, message, received_us)
        elif isinstance(message, Joined):
            remember_times(memory.joins, received_us)
            self._flag(
                device.id,
                "joinStorm",
                is_storm(memory.joins, most=_MOST_JOINS, within_us=HOUR_US, now_us=received_us),
                observed_us=received_us,
            )
        self._battery(device, memory, _level(message, found), received_us)
        if found is not None:
            self._understood(device, memory, found, received_us)

    def _uplink(self, device: KnownDevice, memory: Memory, uplink: Uplink, received_us: int) -> None:
        if uplink.receptions:
            names = [one.gateway for one in uplink.receptions if one.gateway]
            heard = [one.snr_db for one in uplink.receptions if one.snr_db is not None]
            remember_gateways(memory, names, snr_db=max(heard, default=None), time_us=received_us)
            for name in names:
                self._gateways[name] = received_us
        if uplink.device_address:
            remember_address(memory, uplink.device_address, time_us=received_us)
            self._flag(
                device.id, "clonedIdentity", is_cloned(memory, now_us=received_us), observed_us=received_us
            )

    def counted(self, device_id: str, *, frames: int, lost: int, now_us: int) -> None:
        """Take how many frames of a device came, and how many its counter says are missing."""
        memory = self._memories.get(device_id)
        if memory is None or (not lost and not memory.loss):
            return
        self._changed.add(device_id)
        loss = remember_loss(memory, frames=frames, lost=max(0, lost))
        self._figure(device_id, "frameLoss", loss, now_us, f"{loss:.0%} of the latest")

    def failed(self, device_id: str, reason: str, *, time_us: int) -> None:
        """Take that a message of a device could not be understood."""
        memory = self._memory(device_id)
        remember_times(memory.faults, time_us)
        recent = sum(time_us - one <= DAY_US for one in memory.faults)
        self._figure(device_id, "undecodable", recent, time_us, f"{reason}, {recent} in a day")

    def taken_over(self, device_id: str) -> None:
        """Take that a device connected by MQTT while it was connected."""
        memory, now_us = self._memory(device_id), self._now_us()
        remember_times(memory.takeovers, now_us)
        self._flag(device_id, "clonedIdentity", is_cloned(memory, now_us=now_us), observed_us=now_us)

    def _understood(self, device: KnownDevice, memory: Memory, found: Normalised, time_us: int) -> None:
        if memory.faults:
            memory.faults.clear()
            self._figure(device.id, "undecodable", 0, time_us, "")
        doubts = [one for one in found.doubts if one.reason == "implausible"]
        if doubts:
            remember_times(memory.doubts, time_us)
        if memory.doubts:
            recent = [one for one in memory.doubts if time_us - one <= DAY_US]
            memory.doubts[:] = recent
            self._figure(device.id, "implausible", len(recent), time_us, doubts[0].detail if doubts else "")

    def _battery(self, device: KnownDevice, memory: Memory, level: float | None, time_us: int) -> None:
        if level is None:
            return
        remember_battery(memory, level, time_us=time_us)
        battery = battery_of(memory)
        if battery is None:
            return
        days, detail = _FULL, f"{battery.level:.0%} left"
        if battery.empty_us is not None:
            days = max(0.0, (battery.empty_us - time_us) / DAY_US)
            detail += f", empty about {iso(battery.empty_us)[:10]}"
        if level <= _EMPTY:
            days = 0.0
        elif level < _ABOVE_EMPTY and days > LIMITS["batteryLow"].clear_at:
            return
        self._figure(device.id, "batteryLow", days, time_us, detail)

    def _figure(self, device_id: str, kind: str, value: float, time_us: int, detail: str) -> None:
        """Raise or clear an alert that follows a figure, by its limits."""
        known = self._limits.get((device_id, kind), HysteresisState())
        state, event = step(LIMITS[kind], known, value=value, observed_us=time_us)
        if state.raised:
            self._limits[device_id, kind] = state
        else:
            self._limits.pop((device_id, kind), None)
        if event == "raise":
            self._alerts.raise_(device_id, kind, observed_us=time_us, detail=detail)
        elif not state.raised:
            self._alerts.clear(device_id, kind, observed_us=time_us)

    def _flag(self, device_id: str, kind: str, is_so: bool, *, observed_us: int) -> None:
        if is_so:
            self._alerts.raise_(device_id, kind, observed_us=observed_us)
        else:
            self._alerts.clear(device_id, kind, observed_us=observed_us)

    # -- scans --------------------------------------------------------------------------------------

    async def run(self, pause: Callable[[], Awaitable[object]]) -> None:
        """Scan until cancelled; ``pause`` returns when it is time for the next scan."""
        await self._directory.loaded.wait()
        while True:
            await self.scan()
            await self.save()
            await self._alerts.write()
            await pause()

    async def save(self) -> None:
        """Keep what has changed; what cannot be kept now is kept later."""
        changed, self._changed = self._changed, set()
        try:
            await self._store.save({one: self._memories[one] for one in changed if one in self._memories})
        except StoreUnavailable:
            self._changed |= changed

    async def scan(self) -> None:
        """Find who is silent, whose fault it is, and raise and clear alerts."""
        now_us = self._now_us()
        silent, around = await self._look_around(now_us)
        found: dict[tuple[str, str], _Finding] = {}
        causes: dict[str, str] = {}
        for device, one in silent:
            cause, finding = self._finding(device, one, around, now_us)
            causes[device.id] = cause
            if finding is not None:
                found.setdefault((finding.kind, finding.source), finding)
        self.silent_now, self.causes = len(silent), causes
        self._raise_and_clear(found, now_us)
        await self._write_reach(silent, now_us)

    def _raise_and_clear(self, found: Mapping[tuple[str, str], _Finding], now_us: int) -> None:
        for finding in found.values():
            self._alerts.raise_(
                finding.source,
                finding.kind,
                observed_us=now_us,
                detail=finding.detail,
                attributed_to=finding.cause,
            )
        for kind in ("silentDevice", "silentGateway", "silentLink", "silentNode"):
            for source in self._alerts.active(kind):
                if (kind, source) not in found:
                    self._alerts.clear(source, kind, observed_us=now_us)

    async def _write_reach(self, silent: list[tuple[KnownDevice, SilentDevice]], now_us: int) -> None:
        """Write ``reachability`` where it has changed; while the broker is away, at a later scan."""
        now = {device.id: one.state for device, one in silent}
        changes = [(device.id, one.state) for device, one in silent if device.reach != one.state]
        changes += [
            (device.id, "online")
            for device in self._directory
            if device.reach in _UNREACHABLE and device.id not in now and device.id in self._heard
        ]
        for first in range(0, len(changes), _SLICE):
            part = changes[first : first + _SLICE]
            try:
                await self._city.update_many(_reach(device_id, state, now_us) for device_id, state in part)
            except (ClientError, NgsiLdError):
                return
            for device_id, state in part:
                self._directory.change(device_id, reach=state)

    async def _look_around(self, now_us: int) -> tuple[list[tuple[KnownDevice, SilentDevice]], Neighbourhood]:
        """Return silent devices and what is known of all others, in slices that keep nobody waiting."""
        silent: list[tuple[KnownDevice, SilentDevice]] = []
        last: dict[str, int] = {}
        of_way, of_gateway = Counter[str](), Counter[str]()
        for number, device in enumerate(list(self._directory)):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            heard = self._heard.get(device.id)
            way = heard.way if heard else ""
            if heard is not None and way:
                last[way] = max(last.get(way, 0), heard.heard_us)
            one = self._silence.judge(device, now_us)
            if one is None:
                continue
            silent.append((device, one))
            of_way[way] += 1
            memory = self._memories.get(device.id)
            of_gateway.update(memory.gateways if memory else ())
        ways = {name: (last_us, of_way[name]) for name, last_us in last.items()}
        gateways = {name: (last_us, of_gateway[name]) for name, last_us in self._gateways.items()}
        return silent, Neighbourhood(max(last.values(), default=0), ways, gateways)

    def _finding(
        self, device: KnownDevice, one: SilentDevice, around: Neighbourhood, now_us: int
    ) -> tuple[str, _Finding | None]:
        """Return whose a silence is, and what there is to tell of it."""
        allowed_us = round(self._directory.allowed_s(device) * 1_000_000)
        heard = self._heard.get(device.id)
        memory = self._memories.get(device.id) or Memory()
        way = heard.way if heard else ""
        due_us = now_us - round(one.overdue_s * 1_000_000)
        cause, name = cause_of_silence(
            memory, way=way, due_us=min(due_us, now_us - allowed_us // 2), around=around, now_us=now_us
        )
        if heard is not None and cause in {"node", "link", "gateway"}:
            self._excused[device.id] = now_us
            return cause, _shared(cause, name)
        if now_us - self._excused.get(device.id, 0) <= allowed_us:
            return cause, None
        detail = f"since {iso(one.heard_us)}" if one.heard_us else "it was never heard"
        return cause, _Finding(device.id, "silentDevice", cause, f"{detail}, {_TELLS[cause]}")


_TELLS = {
    "device": "while others are heard: look at the device",
    "radio": "its signal had been weak: look at the radio",
    "link": "look at the network",
    "gateway": "look at the gateway",
    "node": "look at the node",
}


def _reach(device_id: str, state: str, now_us: int) -> dict[str, Any]:
    told = {"type": "Property", "value": state, "observedAt": iso(now_us)}
    return {"id": device_id, "type": "Device", "reachability": told}


def _shared(cause: str, name: str) -> _Finding:
    """Return the finding that stands for all devices behind a node, a link or a gateway."""
    if cause == "node":
        return _Finding(NODE, "silentNode", cause, "")
    if cause == "link":
        return _Finding(f"urn:ngsi-ld:Link:{quote(name, safe='-._')}", "silentLink", cause, name)
    return _Finding(f"urn:ngsi-ld:Gateway:{quote(name, safe='-._')}", "silentGateway", cause, name)


def _level(message: Message, found: Normalised | None) -> float | None:
    """Return the battery's level, 0 to 1, by the network or by the device itself."""
    if isinstance(message, Uplink | StatusReported) and message.battery_percent is not None:
        level = message.battery_percent / 100
        return level if 0 <= level <= 1 else None
    return _told_level(found.measurements if found else ())


def _told_level(measurements: Iterable[Measurement]) -> float | None:
    for one in measurements:
        if (one.of, one.attribute) == ("device", "batteryLevel") and isinstance(one.value, int | float):
            return float(one.value) if 0 <= one.value <= 1 else None
    return None

"""Wires health and alerts: what is watched, what is followed, and what operators see of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from samstad_devices.service.alerts import Alerts
from samstad_devices.service.health import Health
from samstad_devices.service.ingest import Ingest
from samstad_devices.service.life_guard import LifeGuard
from samstad_devices.service.registry import Registry
from samstad_devices.service.silence import Silence
from samstad_devices.settings import DevicesSettings
from samstad_devices.store.database import Database
from samstad_devices.store.health import SqliteHealth
from samstad_plugin.service import Followed, Surroundings

__all__ = ["HealthWatch", "health_watch"]

_SECOND_US = 1_000_000


@dataclass(slots=True)
class HealthWatch:
    """Health at work.

    Attributes:
        guard: takes what the broker tells of devices.
    """

    health: Health
    alerts: Alerts
    guard: LifeGuard

    def follows(self) -> Followed:
        """Return what the broker shall tell: what people do with alerts."""
        return Followed(
            name="alerts",
            types=("Alert",),
            handler=self.alerts.told,
            attributes=("acknowledged", "suspended", "suspendedUntil"),
            deletions=True,
        )

    def tasks(
        self, surroundings: Surroundings[DevicesSettings]
    ) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs beside."""
        clock, every_us = surroundings.clock, round(surroundings.settings.health_every_s * _SECOND_US)

        def pause() -> Awaitable[None]:
            return clock.sleep_until(clock.now_us() + every_us)

        return {"health": lambda: self.health.run(pause)}


async def health_watch(
    surroundings: Surroundings[DevicesSettings],
    database: Database,
    ingest: Ingest,
    *,
    registry: Registry,
    silence: Silence,
) -> HealthWatch:
    """Begin to watch."""
    now_us, city = surroundings.clock.now_us, surroundings.client
    alerts, directory = Alerts(city, now_us=now_us), ingest.directory
    health = Health(
        directory=directory,
        silence=silence,
        heard=ingest.heard,
        alerts=alerts,
        store=SqliteHealth(database),
        city=city,
        now_us=now_us,
    )
    await health.open()
    ingest.observer = health
    metrics = surroundings.metrics
    metrics.gauge(
        "samstad_devices_silent", "Devices that were silent at the last look.", lambda: health.silent_now
    )
    metrics.gauges(
        "samstad_devices_alerts",
        "Alerts about devices that are active, by kind.",
        ("kind",),
        lambda: [((kind,), count) for kind, count in alerts.count().items()],
    )
    guard = LifeGuard(directory, registry, city=city, alerts=alerts, now_us=now_us)
    return HealthWatch(health, alerts, guard)

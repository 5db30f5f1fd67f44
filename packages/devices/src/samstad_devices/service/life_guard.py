"""The life cycle's rules hold also for who writes ``lifeCycle`` into a Device entity directly.

A step that the rules allow is carried out as if it had been asked for here, with all that belongs to it:
tokens end, and it is said that nobody gave a reason. Any other is set back, and an alert tells of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samstad_devices.domain.errors import TransitionRefused
from samstad_devices.domain.names import attribute_of
from samstad_devices.service.alerts import Alerts
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.service.registry import Registry
from samstad_devices.spi.city import City
from samstad_ngsild.client import Notification

__all__ = ["LifeGuard"]

KIND = "lifeCycleBypassed"
_NOBODY = "unknown"
_NO_REASON = "written into the entity directly"


class LifeGuard:
    """Takes what the broker tells of devices, and keeps their lives in order.

    Args:
        directory: which devices there are.
        registry: leads lives.
        city: the broker.
        alerts: what is raised.
        now_us: the clock.
    """

    def __init__(
        self,
        directory: Directory,
        registry: Registry,
        *,
        city: City,
        alerts: Alerts,
        now_us: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._registry = registry
        self._city = city
        self._alerts = alerts
        self._now_us = now_us

    async def told(self, notification: Notification) -> None:
        """Take changes of devices; raises ClientError where the broker is away, and is then told again."""
        for entity in notification.entities:
            before = self._directory.device(entity["id"])
            if before is None or not before.life or not self._is_surprising(before, entity):
                self._directory.take_devices([entity])
            else:
                await self._judge(before)

    def _is_surprising(self, before: KnownDevice, entity: dict[str, Any]) -> bool:
        if "deletedAt" in entity:
            return False
        life = _life_of(entity)
        return life != before.life and (before.id, life) not in self._registry.announced

    async def _judge(self, before: KnownDevice) -> None:
        """Look at the entity as it is now: what was told may be older than what is known."""
        entity = await self._city.find(before.id)
        if entity is None:
            return
        self._directory.take_devices([entity])
        if not self._is_surprising(before, entity):
            return
        # The step is judged from where the life was.
        self._directory.change(before.id, life=before.life)
        told = entity.get("lifeCycle")
        said = told if isinstance(told, dict) else {}
        try:
            await self._registry.move(
                self._city,
                before.id,
                _life_of(entity),
                who=str(attribute_of(said, "changedBy") or _NOBODY),
                why=str(attribute_of(said, "reason") or _NO_REASON),
            )
        except TransitionRefused as refused:
            await self._set_back(before, _life_of(entity), refused)

    async def _set_back(self, before: KnownDevice, wished: str, refused: TransitionRefused) -> None:
        await self._registry.set_back(self._city, before.id, why=refused.detail)
        now_us = self._now_us()
        detail = f"{wished or 'nothing'} was written, it stays {before.life}; {refused.detail.rstrip('.')}"
        self._alerts.raise_(before.id, KIND, observed_us=now_us, detail=detail)
        # It happened and is over: what stays is that somebody should see it.
        self._alerts.clear(before.id, KIND, observed_us=now_us)
        await self._alerts.write()


def _life_of(entity: dict[str, Any]) -> str:
    life = attribute_of(entity, "lifeCycle")
    return life if isinstance(life, str) else ""

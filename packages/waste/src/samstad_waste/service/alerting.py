"""Alerts of containers: raised and cleared by their conditions, on top of what people have done to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from samstad_models import alerts
from samstad_ngsild.client import Selection
from samstad_waste import mapping
from samstad_waste.domain.conditions import KINDS, Limits, Verdict, judge
from samstad_waste.domain.names import attribute_of
from samstad_waste.service.bins import Bin, Bins
from samstad_waste.spi.city import City

__all__ = ["Alerting"]

_REPEAT_US = 3_600_000_000
"""An alert that goes on is told again so often, at most."""


class Alerting:
    """Keeps the alerts.

    Args:
        bins: the containers.
        city: the broker.
        limits: when something is wrong.
        texts: the sentence of each kind, with ``{name}``, ``{level}`` and ``{temperature}``.
        next_visit_us: when a container is visited next.
    """

    def __init__(self, bins: Bins, city: City, limits: Limits, texts: Mapping[str, str]) -> None:
        self._bins = bins
        self._city = city
        self._limits = limits
        self._texts = texts
        self._active: dict[tuple[str, str], int] = {}
        self.visits_us: dict[str, int] = {}
        """When a container is visited next, where a plan says so."""
        self.is_loaded = False

    @property
    def active(self) -> Mapping[tuple[str, str], int]:
        """Alerts that are active, by container and kind; when each was told last."""
        return self._active

    async def load(self) -> None:
        """Learn which alerts are active; raises as the client does."""
        async for page in self._city.pages(Selection(type="Alert", q="active==true")):
            for entity in page:
                kind, source = attribute_of(entity, "alertType"), attribute_of(entity, "alertSource")
                if kind in KINDS and isinstance(source, str):
                    self._active[source, str(kind)] = mapping.time_us(attribute_of(entity, "lastSeen"))
        self.is_loaded = True

    async def look(self, container_ids: Iterable[str], *, now_us: int, visit_after_us: int) -> None:
        """Judge containers and put what changed into the outbox; raises as the client does."""
        if not self.is_loaded:
            await self.load()
        for container_id in container_ids:
            one = self._bins.find(container_id)
            if one is None:
                continue
            visit_us = self.visits_us.get(container_id, 0)
            visit_us = visit_us if visit_us > now_us else now_us + visit_after_us
            foreseen = self._bins.forecast(one, at_us=visit_us)
            known = one.track.known or one.track.emptied_us
            probability = foreseen.probability_of(1.0) if known else None
            one.seen = one.seen._replace(probability=probability)
            for verdict in judge(one.container, one.track, one.seen, self._limits, now_us=now_us):
                await self._take(one, verdict, now_us)

    async def _take(self, one: Bin, verdict: Verdict, now_us: int) -> None:
        key = (one.container.id, verdict.kind)
        told_us = self._active.get(key)
        if verdict.holds and (told_us is None or now_us - told_us >= _REPEAT_US):
            await self._raise(one, verdict.kind, now_us)
            self._active[key] = now_us
        elif verdict.holds is False and told_us is not None:
            await self._clear(one, verdict.kind, now_us)
            del self._active[key]

    async def _raise(self, one: Bin, kind: str, now_us: int) -> None:
        severity = KINDS[kind].severity
        state = await self._state(one, kind)
        if state is None or alerts.is_closed(state):
            state = alerts.raise_alert(severity=severity, observed_us=now_us)
        else:
            state = alerts.repeat(state, observed_us=now_us, severity=severity)
        self._put(one, kind, state)

    async def _clear(self, one: Bin, kind: str, now_us: int) -> None:
        state = await self._state(one, kind)
        if state is not None:
            self._put(one, kind, alerts.clear(state, observed_us=now_us))

    async def _state(self, one: Bin, kind: str) -> alerts.AlertState | None:
        entity = await self._city.find(mapping.alert_id(one.container.id, kind))
        return mapping.alert_state(entity) if entity else None

    def _put(self, one: Bin, kind: str, state: alerts.AlertState) -> None:
        level = round(100 * one.track.known.level) if one.track.known else 0
        text = self._texts[kind].format(
            name=one.container.name or one.container.id, level=level, temperature=one.seen.temperature_c
        )
        self._bins.put(mapping.alert_entity(one.container, kind, state, text))

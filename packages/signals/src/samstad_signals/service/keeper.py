"""What survives the role: junctions and what people say of them, their links, their alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from samstad_models.alerts import AlertState
from samstad_signals.domain.link import LinkState
from samstad_signals.mapping import Place
from samstad_signals.service.fleet import AlarmKey, Fleet
from samstad_signals.spi.keeping import Keep, Keeping

__all__ = ["Keeper"]

SITE, LINK, ALERT = "site", "link", "alert"


class KeptAlert(NamedTuple):
    """An alert of one component's alarm, and what the controller is still to be told of it."""

    site_id: str
    key: AlarmKey
    state: AlertState | None
    owed: tuple[str, ...] = ()


class Keeper:
    """Keeps a fleet, and brings it back.

    Args:
        fleet: what is kept.
        keeping: where.
    """

    def __init__(self, fleet: Fleet, keeping: Keeping) -> None:
        self._fleet = fleet
        self._keeping = keeping

    async def load(self, *, now_us: int) -> None:
        """Bring back what was kept; every link is down until its controller comes."""
        for site_id, body in (await self._keeping.load(SITE)).items():
            self._fleet.put(site_id, msgspec.json.decode(body, type=Place))
        for site_id, body in (await self._keeping.load(LINK)).items():
            link = msgspec.json.decode(body, type=LinkState)
            junction = self._fleet.junctions.get(site_id) or self._fleet.put(site_id, None)
            down = LinkState(since_us=now_us, drops_us=link.drops_us, reason="the service was restarted")
            junction.link = down if link.up else link
        for body in (await self._keeping.load(ALERT)).values():
            kept = msgspec.json.decode(body, type=KeptAlert)
            found = self._fleet.junctions.get(kept.site_id)
            if found is not None:
                if kept.state is not None:
                    found.alerts[kept.key] = kept.state
                    found.changed_alerts.add(kept.key)
                if kept.owed:
                    found.owed[kept.key] = frozenset(kept.owed)

    async def put(self, site_id: str, place: Place) -> None:
        """Know a junction; on the disk when it returns."""
        await self._keeping.save([Keep(SITE, site_id, msgspec.json.encode(place))])
        self._fleet.put(site_id, place)

    async def drop(self, site_id: str) -> None:
        """Know a junction no more, nor its alerts."""
        junction = self._fleet.junction(site_id)
        gone = [Keep(ALERT, _alert_key(site_id, key), None) for key in {*junction.alerts, *junction.owed}]
        await self._keeping.save([Keep(SITE, site_id, None), Keep(LINK, site_id, None), *gone])
        self._fleet.junctions.pop(site_id, None)

    async def keep(self) -> None:
        """Keep what has changed; raises StoreUnavailable, and it is kept the next time."""
        links, alerts = self._fleet.links_to_keep, self._fleet.alerts_to_keep
        self._fleet.links_to_keep, self._fleet.alerts_to_keep = set(), set()
        try:
            await self._keeping.save([*self._links(links), *self._alerts(alerts)])
        except BaseException:
            self._fleet.links_to_keep |= links
            self._fleet.alerts_to_keep |= alerts
            raise

    def _links(self, sites: set[str]) -> Iterator[Keep]:
        for site_id in sites:
            junction = self._fleet.junctions.get(site_id)
            if junction is not None:
                yield Keep(LINK, site_id, msgspec.json.encode(junction.link))

    def _alerts(self, alerts: set[tuple[str, AlarmKey]]) -> Iterator[Keep]:
        for site_id, key in alerts:
            junction = self._fleet.junctions.get(site_id)
            if junction is not None:
                owed = tuple(sorted(junction.owed.get(key, ())))
                kept = KeptAlert(site_id, key, junction.alerts.get(key), owed)
                yield Keep(ALERT, _alert_key(site_id, key), msgspec.json.encode(kept))


def _alert_key(site_id: str, key: AlarmKey) -> str:
    return "\x1f".join((site_id, *key))

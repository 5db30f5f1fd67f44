"""Junctions: which there are, how they stand, who controls them, what people do with their alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from samstad_models.alerts import AlertState
from samstad_plugin.service import Caller, caller_of
from samstad_signals import mapping
from samstad_signals.domain.controller import controller_status, signal_mode
from samstad_signals.domain.lease import Lease
from samstad_signals.errors import RequestRefused
from samstad_signals.http.bodies import answer, read
from samstad_signals.service.alarm_work import AlarmWork
from samstad_signals.service.fleet import Fleet, Junction
from samstad_signals.service.keeper import Keeper
from samstad_signals.service.leases import Leases
from samstad_signals.spi.entities import Entities

__all__ = ["Junctions"]

_SECOND_US = 1_000_000
MOST_SITES = 10_000


class NewSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A controller that shall be served: what people call it, and where it is (longitude, latitude)."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    location: tuple[Annotated[float, Meta(ge=-180, le=180)], Annotated[float, Meta(ge=-90, le=90)]] | None = (
        None
    )
    corridor: Annotated[str, Meta(max_length=100)] = ""
    shadow: bool = False


class NewSites(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many of them, by site id."""

    sites: dict[str, NewSite]


class NewLease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody takes a junction, and for how long."""

    reason: str
    minutes: Annotated[float, Meta(gt=0)] = 30.0


class AlarmDeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does with an alarm."""

    component: str
    code: str
    do: Literal["acknowledge", "suspend", "resume", "comment"]
    minutes: Annotated[float, Meta(gt=0, le=60 * 24 * 31)] = 60.0
    text: str = ""


class Junctions:
    """The endpoints of junctions.

    Args:
        fleet: the junctions.
        keeper: keeps them.
        leases: who controls which.
        alarms: what people do with alarms.
        acting_for: gives a client with the rights of a caller.
        now_us: the clock.
        on_sites: called when other sites are known.
        on_lease: told of who took which junction from whom: an audit line.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        fleet: Fleet,
        keeper: Keeper,
        leases: Leases,
        alarms: AlarmWork,
        acting_for: Callable[[Caller], Entities],
        now_us: Callable[[], int],
        on_sites: Callable[[], None],
        on_lease: Callable[[Lease, str], None],
    ) -> None:
        self._fleet = fleet
        self._keeper = keeper
        self._leases = leases
        self._alarms = alarms
        self._acting_for = acting_for
        self._now_us = now_us
        self._on_sites = on_sites
        self._on_lease = on_lease

    # junctions -------------------------------------------------------------------------------

    async def list_all(self, _: Request) -> Response:
        """Show all junctions."""
        found = [self._shown(one) for _, one in sorted(self._fleet.junctions.items())]
        return answer({"junctions": found})

    async def show(self, request: Request) -> Response:
        """Show one junction."""
        return answer(self._shown(self._fleet.junction(request.path_params["site"])))

    async def put(self, request: Request) -> Response:
        """Put a junction under the node, or change what people say of it."""
        await self._put(request, {request.path_params["site"]: await read(request, NewSite)})
        return answer(self._shown(self._fleet.junction(request.path_params["site"])))

    async def put_many(self, request: Request) -> Response:
        """Put junctions under the node."""
        sites = (await read(request, NewSites)).sites
        await self._put(request, sites)
        return answer({"sites": len(sites)})

    async def drop(self, request: Request) -> Response:
        """Let a junction go: its controller is served no more; its entities stay."""
        await self._keeper.drop(request.path_params["site"])
        self._on_sites()
        return Response(status_code=204)

    async def _put(self, request: Request, sites: dict[str, NewSite]) -> None:
        if any(not site_id or len(site_id) > 100 for site_id in sites):
            raise RequestRefused("A site id has 1 to 100 letters.")
        if len({*self._fleet.junctions, *sites}) > MOST_SITES:
            raise RequestRefused(f"A node has at most {MOST_SITES} junctions.")
        places = {site_id: _place(one) for site_id, one in sites.items()}
        entities = [self._entity(site_id, place) for site_id, place in places.items()]
        outcome = await self._acting_for(caller_of(request)).upsert(entities, update=True)
        if outcome.failed:
            raise outcome.failed[0].error
        for site_id, place in places.items():
            await self._keeper.put(site_id, place)
        self._on_sites()

    def _entity(self, site_id: str, place: mapping.Place) -> dict[str, Any]:
        known = self._fleet.junctions.get(site_id)
        told = mapping.place_attributes(place)
        if known is None or not known.link.since_us:
            told["controllerStatus"] = {"type": "Property", "value": "unreachable"}
        entity_id = mapping.controller_id(self._fleet.authority, site_id)
        return {"id": entity_id, "type": "SignalController", **told}

    def _shown(self, junction: Junction) -> dict[str, Any]:
        state, link, place = junction.state, junction.link, junction.place
        lease = self._leases.holder(junction.site_id, now_us=self._now_us())
        alerts = junction.alerts.values()
        return {
            "site": junction.site_id,
            "id": mapping.controller_id(self._fleet.authority, junction.site_id),
            "name": place.name if place else None,
            "location": [place.longitude, place.latitude] if place and place.longitude is not None else None,
            "corridor": place.corridor if place else "",
            "shadow": junction.is_shadow,
            "connected": link.up,
            "since": mapping.iso_text(link.since_us) if link.since_us else None,
            "reason": link.reason,
            "fault": junction.fault,
            "status": controller_status(state, connected=link.up),
            "mode": signal_mode(state),
            "plan": state.plan,
            "groups": state.group_states,
            "activeAlarms": sum(one.active for one in alerts),
            "unseenAlarms": sum(not one.acknowledged for one in alerts),
            "heldBy": _lease(lease) if lease else None,
        }

    # who controls ------------------------------------------------------------------------------

    async def take(self, request: Request) -> Response:
        """Take a junction that is free, or prolong one's own."""
        wanted = await self._wanted(request)
        lease = await self._leases.take(wanted, now_us=self._now_us())
        self._on_lease(lease, "")
        return answer(_lease(lease))

    async def take_over(self, request: Request) -> Response:
        """Take a junction from whoever has it."""
        wanted = await self._wanted(request)
        ended = await self._leases.take_over(wanted, now_us=self._now_us())
        self._on_lease(wanted, ended.operator if ended else "")
        return answer({**_lease(wanted), "from": _lease(ended) if ended else None})

    async def release(self, request: Request) -> Response:
        """Give one's junction back."""
        site_id = request.path_params["site"]
        self._fleet.junction(site_id)
        operator = caller_of(request).id
        await self._leases.release(site_id, operator=operator, now_us=self._now_us())
        return Response(status_code=204)

    async def _wanted(self, request: Request) -> Lease:
        body = await read(request, NewLease)
        site_id = request.path_params["site"]
        self._fleet.junction(site_id)
        until_us = self._now_us() + round(body.minutes * 60 * _SECOND_US)
        return Lease(site_id, caller_of(request).id, body.reason, until_us)

    # alarms -----------------------------------------------------------------------------------------

    async def list_alarms(self, request: Request) -> Response:
        """Show the alarms of a junction, gravest first."""
        junction = self._fleet.junction(request.path_params["site"])
        found = [
            _alarm(self._fleet.authority, junction.site_id, *key, alert)
            for key, alert in junction.alerts.items()
        ]
        return answer({"alarms": sorted(found, key=lambda one: (not one["active"], one["firstSeen"]))})

    async def do_alarm(self, request: Request) -> Response:
        """Acknowledge, suspend, resume or comment an alarm; on the disk when it is answered."""
        deed = await read(request, AlarmDeed)
        site_id, key, by = request.path_params["site"], (deed.component, deed.code), caller_of(request).id
        if deed.do == "acknowledge":
            alert = self._alarms.acknowledge(site_id, key, by=by)
        elif deed.do == "suspend":
            alert = self._alarms.suspend(site_id, key, for_s=deed.minutes * 60)
        elif deed.do == "resume":
            alert = self._alarms.resume(site_id, key)
        if deed.text or deed.do == "comment":
            alert = self._alarms.comment(site_id, key, by=by, text=deed.text)
        await self._keeper.keep()
        return answer(_alarm(self._fleet.authority, site_id, *key, alert))


def _place(site: NewSite) -> mapping.Place:
    longitude, latitude = site.location or (None, None)
    return mapping.Place(site.name, longitude, latitude, site.corridor, site.shadow)


def _lease(lease: Lease) -> dict[str, Any]:
    return {
        "operator": lease.operator,
        "reason": lease.reason,
        "until": mapping.iso_text(lease.until_us),
    }


def _alarm(authority: str, site_id: str, component: str, code: str, alert: AlertState) -> dict[str, Any]:
    suspended = alert.suspended_until_us
    return {
        "id": mapping.alert_id(authority, site_id, component, code),
        "component": component,
        "code": code,
        "severity": alert.severity,
        "active": alert.active,
        "acknowledged": alert.acknowledged,
        "acknowledgedBy": alert.acknowledged_by,
        "suspendedUntil": mapping.iso_text(suspended) if suspended is not None else None,
        "firstSeen": mapping.iso_text(alert.first_seen_us),
        "lastSeen": mapping.iso_text(alert.last_seen_us),
        "count": alert.occurrences,
        "comments": [
            {"by": one.by, "at": mapping.iso_text(one.at_us), "text": one.text} for one in alert.comments
        ],
    }

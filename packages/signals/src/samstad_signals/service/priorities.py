"""Buses and others ask for priority as far as their lateness allows; each request has its result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from samstad_signals.domain.orders import Order, OrderRefused
from samstad_signals.domain.priority import (
    DEFAULT_RULES,
    LatenessRule,
    Request,
    fold_request,
    level_for,
    rows_told,
)
from samstad_signals.service.fleet import Fleet
from samstad_signals.spi.keeping import Keep, Keeping
from samstad_signals.spi.street import NotConnected, Street, StreetRefused

__all__ = ["Priorities", "Vehicle"]

KIND = "priority-rules"
KEPT = 500
TARGETS = (
    "signalGroupId",
    "inputId",
    "connectionId",
    "approachId",
    "laneInId",
    "laneOutId",
    "priorityId",
)


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle that comes to a junction.

    Attributes:
        vehicle: its name at its operator.
        kind: the exchange list's word: bus, tram, emergency, ...
        lateness_s: behind its timetable; negative is early.
        eta_s: seconds until it arrives.
        target: where it goes, by one of the exchange list's names, such as ``signalGroupId``.
    """

    vehicle: str
    target: dict[str, str]
    kind: str = msgspec.field(name="vehicleType", default="bus")
    lateness_s: int = msgspec.field(name="latenessSeconds", default=0)
    eta_s: int = msgspec.field(name="etaSeconds", default=0)


class Priorities:
    """Requests by junction, the latest of each.

    Args:
        fleet: the junctions.
        street: is asked.
        keeping: where rules survive.
        now_us: the clock.
        new_id: gives ids that are never the same.
    """

    def __init__(
        self,
        fleet: Fleet,
        street: Street,
        keeping: Keeping,
        *,
        now_us: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.rules: Sequence[LatenessRule] = DEFAULT_RULES
        self._requests: dict[str, deque[Request]] = {}
        self._fleet = fleet
        self._street = street
        self._keeping = keeping
        self._now_us = now_us
        self._new_id = new_id

    async def load(self) -> None:
        """Take the rules that were kept."""
        for body in (await self._keeping.load(KIND)).values():
            self.rules = tuple(msgspec.json.decode(body, type=list[LatenessRule]))

    async def set_rules(self, rules: Sequence[LatenessRule]) -> None:
        """Set from which lateness which level may be asked for; OrderRefused where a level is none."""
        wrong = [rule for rule in rules if not 0 <= rule.level <= 14]
        if wrong:
            raise OrderRefused("invalidArguments", f"a level is 0 to 14, not {wrong[0].level}")
        await self._keeping.save([Keep(KIND, "all", msgspec.json.encode(list(rules)))])
        self.rules = tuple(rules)

    def requests(self, site_id: str) -> Sequence[Request]:
        """Return the latest requests at a junction, oldest first."""
        return tuple(self._requests.get(self._fleet.junction(site_id).site_id, ()))

    def ask(self, site_id: str, coming: Vehicle) -> Request | None:
        """Ask for priority, or for another arrival of a vehicle that has asked; None where it is not needed.

        Raises:
            UnknownJunction, OrderRefused: it cannot be asked.
        """
        self._check(site_id, coming.target)
        level = level_for(coming.kind, coming.lateness_s, self.rules)
        known = self._open(site_id, coming.vehicle)
        if level is None:
            if known is not None:
                self._say(site_id, {"requestId": known.request_id, **coming.target, "type": "cancel"})
            return None
        request_id = known.request_id if known is not None else self._new_id()
        values = {
            "requestId": request_id,
            **coming.target,
            "type": "new" if known is None else "update",
            "level": str(level),
            "eta": str(max(0, min(coming.eta_s, 255))),
            "vehicleType": coming.kind,
        }
        self._say(site_id, values)
        request = Request(request_id, coming.vehicle, coming.lateness_s, level, self._now_us())
        if known is None:
            self._requests.setdefault(site_id, deque(maxlen=KEPT)).append(request)
            return request
        return self._replace(site_id, known, known._replace(lateness_s=coming.lateness_s, level=level))

    def cancel(self, site_id: str, coming: Vehicle) -> None:
        """Take a request back: the vehicle has passed, or goes elsewhere."""
        self._check(site_id, coming.target)
        known = self._open(site_id, coming.vehicle)
        if known is None:
            raise OrderRefused("invalidArguments", f"{coming.vehicle} has asked for nothing at {site_id}")
        self._say(site_id, {"requestId": known.request_id, **coming.target, "type": "cancel"})

    def told(self, site_id: str, status: Any, observed_us: int) -> None:
        """Take what a controller tells of its requests (S0033)."""
        for row in rows_told(status):
            for known in self._requests.get(site_id, ()):
                if known.request_id == row.request_id:
                    self._replace(site_id, known, fold_request(known, row, observed_us=observed_us))
                    break

    def _check(self, site_id: str, target: Mapping[str, str]) -> None:
        if self._fleet.junction(site_id).is_shadow:
            raise OrderRefused("localControl", f"{site_id} is in shadow: another centre controls it")
        if len(target) != 1 or next(iter(target)) not in TARGETS:
            raise OrderRefused("invalidArguments", f"target has one of {', '.join(TARGETS)}")

    def _open(self, site_id: str, vehicle: str) -> Request | None:
        found = self._requests.get(site_id, ())
        return next((one for one in found if one.vehicle == vehicle and not one.is_over), None)

    def _replace(self, site_id: str, known: Request, after: Request) -> Request:
        requests = self._requests[site_id]
        requests[requests.index(known)] = after
        return after

    def _say(self, site_id: str, values: dict[str, str]) -> None:
        try:
            self._street.order(site_id, Order("M0022", values))
        except (NotConnected, StreetRefused) as error:
            raise OrderRefused("noRoute", str(error)) from error

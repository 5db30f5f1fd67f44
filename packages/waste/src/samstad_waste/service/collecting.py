"""Plans in force, what crews tell of their stops, and weigh tickets; all of it entities in the broker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from samstad_waste import mapping
from samstad_waste.domain.errors import ReportRefused, WasteError
from samstad_waste.domain.names import attribute_of, own
from samstad_waste.domain.plan import Plan, Report, reported
from samstad_waste.service.bins import Bins

__all__ = ["Collecting", "NotNow", "Weighing"]

_MOST_PLANS = 60


class NotNow(WasteError):
    """The plan is in another state."""


class Weighing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weigh ticket; the same id is the same ticket, however often it is sent."""

    id: str
    vehicle: str
    at_us: int
    gross_kg: float
    tare_kg: float
    plan: str = ""
    site: str = ""

    def check(self, *, now_us: int) -> Weighing:
        """Return the same; raises ReportRefused with what is wrong."""
        if not 8 <= len(self.id) <= 64 or not self.id.replace("-", "").isalnum():
            raise ReportRefused("id has 8 to 64 letters, digits and hyphens.", pointer="/id")
        if not 0 < self.tare_kg <= self.gross_kg <= 80_000:
            raise ReportRefused(
                f"gross_kg {self.gross_kg} must be at least tare_kg {self.tare_kg}, and at most 80000.",
                pointer="/gross_kg",
            )
        if not 0 < self.at_us <= now_us + 600_000_000:
            raise ReportRefused("at_us lies in the future: set the clock of the device.", pointer="/at_us")
        return self


class Collecting:
    """Keeps plans and takes reports.

    Args:
        bins: the containers, into whose outbox everything goes.
    """

    def __init__(self, bins: Bins) -> None:
        self._bins = bins
        self.plans: dict[str, Plan] = {}

    def take_plans(self, entities: Iterable[dict[str, Any]]) -> None:
        """Take plans as the broker has them: after a start, or as another one wrote them."""
        for entity in entities:
            told = attribute_of(entity, "planContent")
            if "deletedAt" in entity or not isinstance(told, dict):
                continue
            try:
                plan = msgspec.convert(told, Plan)
            except msgspec.ValidationError:
                continue  # another service's plan of the same type
            known = self.plans.get(plan.id)
            if known is None or plan.version > known.version:
                self.plans[plan.id] = plan

    def next_id(self, day: str) -> str:
        """Return the id of the next plan of a day."""
        number = sum(plan.day == day for plan in self.plans.values()) + 1
        return f"urn:ngsi-ld:CollectionPlan:waste:{day}-{number}"

    def active(self) -> list[Plan]:
        """Return the plans in force, by day."""
        return sorted((one for one in self.plans.values() if one.status == "active"), key=lambda one: one.id)

    def keep(self, plan: Plan) -> Plan:
        """Keep a plan and have it written with its routes and stops."""
        before = self.plans.get(plan.id)
        self.plans[plan.id] = plan
        while len(self.plans) > _MOST_PLANS:
            self.plans.pop(min(self.plans, key=lambda one: self.plans[one].made_us))
        for entity in _plan_entities(plan):
            self._bins.put(entity)
        if before is not None and before.version < plan.version:
            kept = {stop.id for route in plan.routes for stop in route.stops}
            for route in before.routes:
                for stop in route.stops:
                    if stop.kind == "stop" and stop.id not in kept:
                        gone = mapping.prop("withdrawn")
                        self._bins.put({"id": stop.id, own("stopStatus"): gone})
        return plan

    def decide(self, plan_id: str, status: str, *, by: str) -> Plan:
        """Put a plan in force or take it back; another one of the same day is then superseded.

        Raises:
            NotNow: it was withdrawn or superseded.
            KeyError: there is none.
        """
        plan = self.plans[plan_id]
        if plan.status in {"withdrawn", "superseded"}:
            raise NotNow(f"The plan is {plan.status}: make another one.")
        if status == "active":
            for other in self.active():
                if other.day == plan.day and other.id != plan_id:
                    self.keep(msgspec.structs.replace(other, status="superseded"))
        return self.keep(msgspec.structs.replace(plan, status=status, by=by))

    def report(self, report: Report, *, now_us: int) -> bool:
        """Take a crew's word; return whether it was news.

        Raises:
            ReportRefused: it cannot be, or no plan has the stop.
        """
        report.check(now_us=now_us)
        plan = next((one for one in self.plans.values() if one.stop(report.stop)), None)
        if plan is None:
            raise ReportRefused(f"No plan has a stop {report.stop}: load the routes again.", pointer="/stop")
        after = reported(plan, report)
        if after is plan:
            return False
        self.plans[plan.id] = after
        self._write_stop(after, report)
        stop = after.stop(report.stop)
        if report.outcome == "emptied" and stop is not None:
            self._bins.emptied(stop.subject, at_us=report.at_us, stop=stop.id)
        return True

    def _write_stop(self, plan: Plan, report: Report) -> None:
        told = mapping.iso(report.at_us)
        entity = {
            "id": report.stop,
            own("stopStatus"): mapping.prop(report.outcome, told),
            own("reportId"): mapping.prop(report.id),
        }
        for name, value in (
            ("stopReason", report.reason),
            ("note", report.note),
            ("levelFound", report.level),
        ):
            if value not in {"", None}:
                entity[own(name)] = mapping.prop(value, told)
        self._bins.put(entity)
        self._bins.put({"id": plan.id, "planContent": _content(plan)})

    def weigh(self, weighing: Weighing, *, now_us: int) -> str:
        """Take a weigh ticket and return the id of its entity; the same one again is the same entity."""
        weighing.check(now_us=now_us)
        entity = {
            "id": f"urn:ngsi-ld:WasteObserved:waste:{weighing.id}",
            "type": "WasteObserved",
            "dateObserved": mapping.date(weighing.at_us),
            "grossWeight": mapping.prop(weighing.gross_kg, unit="KGM"),
            "tareWeight": mapping.prop(weighing.tare_kg, unit="KGM"),
            "weight": mapping.prop(round(weighing.gross_kg - weighing.tare_kg, 1), unit="KGM"),
            "refGarbageTruck": mapping.rel(weighing.vehicle),
        }
        if weighing.plan:
            entity["refServiceOrderId"] = mapping.rel(weighing.plan)
        if weighing.site:
            entity[own("refWasteUnloadingSite")] = mapping.rel(weighing.site)
        self._bins.put(entity)
        return str(entity["id"])


def _content(plan: Plan) -> dict[str, Any]:
    return {"type": "JsonProperty", "json": msgspec.to_builtins(plan)}


def _plan_entities(plan: Plan) -> Iterable[dict[str, Any]]:
    stops = [(route, stop) for route in plan.routes for stop in route.stops if stop.kind == "stop"]
    begins = min((route.stops[0].arrive_us for route in plan.routes), default=plan.made_us)
    ends = max((route.stops[-1].leave_us for route in plan.routes), default=plan.made_us)
    entity = {
        "id": plan.id,
        "type": "CollectionPlan",
        "name": mapping.prop(f"{plan.day} ({plan.version})"),
        "planStatus": mapping.prop(plan.status),
        "planVersion": mapping.prop(plan.version),
        "validFrom": mapping.date(begins),
        "validTo": mapping.date(ends),
        "decidedBy": mapping.prop(plan.by),
        "plannedStops": mapping.prop(len(stops)),
        "plannedDistance": mapping.prop(plan.metres, unit="MTR"),
        "plannedDuration": mapping.prop(sum(map(_lasts_s, plan.routes)), unit="SEC"),
        "planContent": _content(plan),
    }
    if plan.reason:
        entity["decisionReason"] = mapping.prop(plan.reason)
    if stops:
        entity["appliesTo"] = mapping.rel([stop.subject for _, stop in stops])
    yield entity
    for route in plan.routes:
        yield {
            "id": route.id,
            "type": own("CollectionRoute"),
            "name": mapping.prop(route.name),
            own("refCollectionPlan"): mapping.rel(plan.id),
            own("refWasteVehicle"): mapping.rel(route.vehicle),
            "plannedDistance": mapping.prop(route.metres, unit="MTR"),
            "plannedDuration": mapping.prop(_lasts_s(route), unit="SEC"),
        }
    for number, (route, stop) in enumerate(stops, start=1):
        yield {
            "id": stop.id,
            "type": own("CollectionStop"),
            own("refCollectionRoute"): mapping.rel(route.id),
            own("refWasteContainer"): mapping.rel(stop.subject),
            own("sequence"): mapping.prop(number),
            own("plannedArrival"): mapping.date(stop.arrive_us),
            own("plannedLevel"): mapping.prop(stop.level),
            own("plannedBecause"): mapping.prop(stop.why),
            own("stopStatus"): mapping.prop(stop.status),
            "location": {
                "type": "GeoProperty",
                "value": {"type": "Point", "coordinates": list(stop.place)},
            },
        }


def _lasts_s(route: Any) -> int:
    return int((route.stops[-1].leave_us - route.stops[0].arrive_us) // 1_000_000) if route.stops else 0

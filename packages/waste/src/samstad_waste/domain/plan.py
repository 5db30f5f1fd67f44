"""A plan of a day's collection as the crew and its chief see it, and what crews tell of its stops. Pure."""

from __future__ import annotations

import msgspec

from samstad_waste.domain.errors import ReportRefused

__all__ = ["OUTCOMES", "Plan", "PlannedRoute", "PlannedStop", "Report", "reported"]

OUTCOMES = ("emptied", "partial", "skipped")
REASONS = ("blocked", "locked", "broken", "dangerous", "notFound", "notFull", "other")
_LONGEST = 500


class PlannedStop(msgspec.Struct, frozen=True):
    """One step of a route.

    Attributes:
        kind: stop, unload, break, start or end.
        subject: the bin or the unloading.
        why: of a stop: as ``domain.urgency`` says.
        level: expected share.
        status: planned, emptied, partial or skipped.
        report: id of the report that the status comes from; ``told_us``: when it was noted.
    """

    id: str
    kind: str
    subject: str
    name: str
    place: tuple[float, float]
    arrive_us: int
    leave_us: int
    metres: int
    why: str = ""
    level: float | None = None
    status: str = "planned"
    report: str = ""
    told_us: int = 0
    reason: str = ""


class PlannedRoute(msgspec.Struct, frozen=True):
    """What one vehicle does."""

    id: str
    vehicle: str
    name: str
    metres: int
    litres: float
    stops: list[PlannedStop]


class Plan(msgspec.Struct, frozen=True):
    """One day's collection.

    Attributes:
        status: proposed, active, superseded or withdrawn.
        routes: of its vehicles.
        left: bins that are in no route, with the reason.
        worth: of every bin that was looked at: probability of overflow, expected level and prize in metres.
        out: vehicles that are not used.
        pinned: bins that a person wants in (True) or out (False).
    """

    id: str
    day: str
    version: int
    status: str
    made_us: int
    by: str
    reason: str
    routes: list[PlannedRoute]
    left: dict[str, str]
    worth: dict[str, tuple[float, float, int]]
    feasible: bool
    out: list[str] = []
    pinned: dict[str, bool] = {}

    @property
    def metres(self) -> int:
        """Driving of all vehicles."""
        return sum(route.metres for route in self.routes)

    def stop(self, stop_id: str) -> PlannedStop | None:
        """Return a stop, or None."""
        return next((one for route in self.routes for one in route.stops if one.id == stop_id), None)


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a crew tells of a stop; the same id is the same report, however often it is sent.

    Attributes:
        at_us: when it was done, by the crew's clock.
        level: share that was found, where the crew says.
    """

    id: str
    stop: str
    outcome: str
    at_us: int
    reason: str = ""
    note: str = ""
    level: float | None = None

    def check(self, *, now_us: int) -> Report:
        """Return the same; raises ReportRefused with what is wrong."""
        if not 8 <= len(self.id) <= 64:
            raise ReportRefused("id is a text of 8 to 64 characters that is never used again.", pointer="/id")
        if self.outcome not in OUTCOMES:
            raise ReportRefused(f"outcome is one of {', '.join(OUTCOMES)}.", pointer="/outcome")
        if self.outcome == "skipped" and self.reason not in REASONS:
            raise ReportRefused(
                f"A skipped stop needs a reason: one of {', '.join(REASONS)}.", pointer="/reason"
            )
        if len(self.note) > _LONGEST:
            raise ReportRefused(f"note has {_LONGEST} characters at most.", pointer="/note")
        if self.level is not None and not 0 <= self.level <= 1.5:
            raise ReportRefused("level is a share from 0 to 1.5.", pointer="/level")
        if not 0 < self.at_us <= now_us + 600_000_000:
            raise ReportRefused("at_us lies in the future: set the clock of the device.", pointer="/at_us")
        return self


def reported(plan: Plan, report: Report) -> Plan:
    """Return the plan after a report; one that is known, or older than its stop's latest, changes nothing.

    Raises:
        ReportRefused: the plan has no such stop.
    """
    stop = plan.stop(report.stop)
    if stop is None or stop.kind != "stop":
        raise ReportRefused(f"The plan has no stop {report.stop}: load the routes again.", pointer="/stop")
    if stop.report == report.id or report.at_us < stop.told_us:
        return plan
    told = msgspec.structs.replace(
        stop, status=report.outcome, report=report.id, told_us=report.at_us, reason=report.reason
    )
    routes = [
        msgspec.structs.replace(route, stops=[told if one.id == report.stop else one for one in route.stops])
        for route in plan.routes
    ]
    return msgspec.structs.replace(plan, routes=routes)

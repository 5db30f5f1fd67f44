"""The role of a node: wires the bins, their alerts and the broker's client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_ngsild.client import ClientError, Notification
from samstad_ngsild.errors import NgsiLdError
from samstad_plugin import CannotStart
from samstad_plugin.service import (
    Check,
    CheckState,
    Demand,
    Endpoint,
    Followed,
    OwnCheck,
    Service,
    Surroundings,
)
from samstad_waste.domain.conditions import Limits
from samstad_waste.domain.errors import WasteError
from samstad_waste.domain.names import CONTAINER, WM, own
from samstad_waste.domain.urgency import Policy
from samstad_waste.gateway.osrm import OsrmMatrix
from samstad_waste.gateway.solving.process import SolverProcess
from samstad_waste.http.crew import Crew
from samstad_waste.http.desk import Desk, Unknown
from samstad_waste.http.figures import Figures
from samstad_waste.http.plans import Plans
from samstad_waste.mapping import SENSED, Document
from samstad_waste.service.alerting import Alerting
from samstad_waste.service.bins import Bins
from samstad_waste.service.collecting import Collecting, NotNow
from samstad_waste.service.fleet import DEPOT, SITE, VEHICLE, Fleet
from samstad_waste.service.followup import Rates
from samstad_waste.service.history import learn_history
from samstad_waste.service.planning import Planner, Planning
from samstad_waste.service.writing import NotKept, Writer
from samstad_waste.settings import WasteSettings
from samstad_waste.spi.matrix import NoRoads, RoadMatrix
from samstad_waste.spi.solver import SolverAway

__all__ = ["start"]

_SECOND_US = 1_000_000
_HOUR_US = 3_600 * _SECOND_US
_LOOK_US = 60 * _SECOND_US
_ERRORS: dict[type[Exception], str] = {
    Unknown: "waste-unknown",
    NotNow: "waste-not-now",
    NotKept: "waste-away",
    SolverAway: "waste-away",
    ClientError: "waste-away",
    WasteError: "waste-refused",
}
Handler = Callable[[Request], Awaitable[Response]]
_DEVICE = (*SENSED, own("sensedAngle"), own("positionSensed"), "temperature", "location", "controlledAsset")
_CONTAINER = (
    *SENSED,
    *(own("sensedAngle"), own("serviceSeconds"), own("accessWindow")),
    *("fillingLevel", "status", "location", "name", "storedWasteKind", "binCapacity", "owner"),
    *("binFullnessThreshold", "refWasteContainerModel", "temperature", "refDevice", "nextActuationDeadline"),
    *(f"{WM}temperature", f"{WM}refDevice", f"{WM}nextActuationDeadline"),
)


def _planning(settings: WasteSettings) -> Planning:
    return Planning(
        zone=ZoneInfo(settings.time_zone),
        detour=settings.detour,
        speed_ms=settings.speed_kmh / 3.6,
        next_h=settings.visit_every_h,
        last_h=settings.oldest_days * 24,
        policy=Policy(overflow_m=settings.overflow_m),
    )


@asynccontextmanager
async def start(surroundings: Surroundings[WasteSettings]) -> AsyncIterator[Service]:
    """Give the service, and end the solver's process afterwards."""
    role = _Role(surroundings)
    try:
        yield role.service()
    finally:
        await role.solver.close()


class _Role:
    """The parts, wired."""

    def __init__(self, surroundings: Surroundings[WasteSettings]) -> None:
        settings = surroundings.settings
        self._surroundings = surroundings
        self._more = asyncio.Event()
        offset_us = _offset_us(settings.time_zone, surroundings.clock.now_us())
        self.bins = Bins(full_at=settings.full_at, offset_us=offset_us)
        limits = Limits(
            fire_at_c=settings.fire_at_c,
            tilted_at_deg=settings.tilted_at_deg,
            moved_at_m=settings.moved_at_m,
            silent_after_us=round(settings.silent_after_h * _HOUR_US),
            likely_at=settings.likely_at,
        )
        self.alerting = Alerting(self.bins, surroundings.client, limits, _texts(settings.language))
        log = surroundings.log
        self.writer = Writer(
            self.bins, surroundings.client, told=lambda why: log.warning("waste.not_written", detail=why)
        )
        self.fleet = Fleet()
        self.collecting = Collecting(self.bins)
        self.solver = SolverProcess()
        self.planner = Planner(self.bins, self.fleet, self.solver, self._matrix(), _planning(settings))
        self._show_figures()

    def _matrix(self) -> RoadMatrix:
        url, log = self._surroundings.settings.matrix_url, self._surroundings.log
        return (
            OsrmMatrix(url, told=lambda why: log.warning("waste.no_matrix", detail=why)) if url else NoRoads()
        )

    async def flush(self) -> None:
        """Return when everything is in the broker; what is acknowledged is durable (I3)."""
        await self.writer.write()
        if self.bins.outbox:
            self._more.set()
            raise NotKept("The broker does not answer; nothing is lost that is sent again.")

    def service(self) -> Service:
        """Return what the node runs."""
        return Service(
            endpoints=self._endpoints(),
            follows=self._follows(),
            tasks={"work": self._work, "look": self._look, "learn": self._learn},
            errors=_ERRORS,
            checks=self._checks,
        )

    def _endpoints(self) -> tuple[Endpoint, ...]:
        now_us = self._surroundings.clock.now_us
        settings = self._surroundings.settings
        desk = Desk(self.bins, active=lambda: self.alerting.active, now_us=now_us)
        plans = Plans(
            self.planner,
            self.collecting,
            flush=self.flush,
            now_us=now_us,
            seconds=(settings.plan_seconds, settings.replan_seconds),
        )
        crew = Crew(self.collecting, flush=self.flush, now_us=now_us)
        rates = Rates(settings.co2_per_km, settings.cost_per_km, settings.cost_per_h)
        figures = Figures(self._surroundings.client, self.collecting, rates=rates, now_us=now_us)
        read, write = Demand("read", CONTAINER), Demand("write", CONTAINER)
        page = OwnCheck("the page holds no data; what it asks for is checked")
        rows: tuple[tuple[str, str, Handler, Demand | OwnCheck], ...] = (
            ("GET", "/bins", desk.listed, read),
            ("GET", "/bins/{bin}/forecast", desk.foreseen, read),
            ("GET", "/plans", plans.listed, read),
            ("POST", "/plans", plans.make, write),
            ("GET", "/plans/{plan}", plans.shown, read),
            ("POST", "/plans/{plan}/change", plans.change, write),
            ("POST", "/plans/{plan}/activate", plans.activate, write),
            ("POST", "/plans/{plan}/withdraw", plans.withdraw, write),
            ("GET", "/plans/{plan}/bins/{bin}", plans.explained, read),
            ("GET", "/followup", figures.shown, read),
            ("GET", "/crew", crew.page, page),
            ("GET", "/crew/routes", crew.routes, read),
            ("POST", "/crew/reports", crew.take, write),
            ("GET", "/crew/{name}", crew.file, page),
        )
        return tuple(Endpoint(*row) for row in rows)

    def _follows(self) -> tuple[Followed, ...]:
        def to(take: Callable[[Iterable[Document]], None]) -> Callable[[Notification], object]:
            async def told(notification: Notification) -> None:
                take(notification.entities)
                self._more.set()

            return told

        rows: tuple[tuple[str, str, Callable[[Iterable[Document]], None], tuple[str, ...]], ...] = (
            ("depots", DEPOT, self.fleet.take_depots, ()),
            ("sites", SITE, self.fleet.take_sites, ()),
            ("vehicles", VEHICLE, self.fleet.take_vehicles, ()),
            ("plans", "CollectionPlan", self.collecting.take_plans, ("planVersion",)),
            ("models", "WasteContainerModel", self.bins.take_models, ()),
            ("containers", "WasteContainer", self.bins.take_containers, _CONTAINER),
            ("devices", "Device", self.bins.take_devices, _DEVICE),
        )
        return tuple(
            Followed(
                name=name,
                types=(kind,),
                handler=to(take),  # type: ignore[arg-type]
                attributes=attributes,
                deletions=True,
            )
            for name, kind, take, attributes in rows
        )

    async def _work(self) -> None:
        """Judge and write whenever there is something to, and look again where the broker was away."""
        while True:
            await self._more.wait()
            self._more.clear()
            touched, self.bins.touched = self.bins.touched, set()
            if not await self._judge(touched):
                self.bins.touched |= touched
            await self.writer.write()
            if self.bins.touched or self.bins.outbox:
                await self._pause(_SECOND_US)
                self._more.set()

    async def _judge(self, container_ids: Iterable[str]) -> bool:
        try:
            await self.alerting.look(
                container_ids,
                now_us=self._surroundings.clock.now_us(),
                visit_after_us=round(self._surroundings.settings.visit_every_h * _HOUR_US),
            )
        except (ClientError, NgsiLdError) as error:
            self._surroundings.log.info("waste.broker_away", detail=str(error))
            return False
        return True

    async def _look(self) -> None:
        """Look at all bins each minute: silence and what is likely come without a message."""
        while True:
            await self._pause(_LOOK_US)
            self.bins.touched |= {one.container.id for one in self.bins.all()}
            self._more.set()

    async def _learn(self) -> None:
        """Learn the past once there are bins, then what bins have in common each hour."""
        while not len(self.bins):
            await self._pause(_SECOND_US)
        with suppress(NgsiLdError):
            await self._learn_past()
        while True:
            await self._pause(_HOUR_US)
            self.bins.learn_groups()

    async def _learn_past(self) -> None:
        while True:
            try:
                now_us = self._surroundings.clock.now_us()
                read = await learn_history(self.bins, self._surroundings.client, now_us=now_us)
            except ClientError as error:
                self._surroundings.log.info("waste.broker_away", detail=str(error))
                await self._pause(10 * _SECOND_US)
                continue
            self._surroundings.log.info("waste.history_learned", levels=read, bins=len(self.bins))
            self._more.set()
            return

    async def _pause(self, time_us: int) -> None:
        clock = self._surroundings.clock
        await clock.sleep_until(clock.now_us() + time_us)

    def _checks(self) -> tuple[Check, ...]:
        if not self.writer.is_behind:
            return (Check("writing", CheckState.OK),)
        waiting = len(self.bins.outbox)
        return (Check("writing", CheckState.DEGRADED, f"{waiting} entities wait for the broker"),)

    def _show_figures(self) -> None:
        metrics = self._surroundings.metrics
        metrics.gauge("samstad_waste_bins", "Bins that the service knows.", lambda: len(self.bins))
        metrics.gauges(
            "samstad_waste_readings",
            "Levels believed, emptyings and readings not believed since the start of the role.",
            ("what",),
            lambda: [((name,), count) for name, count in self.bins.figures.items()],
        )
        metrics.gauge("samstad_waste_alerts", "Alerts that are active.", lambda: len(self.alerting.active))


def _texts(language: str) -> dict[str, str]:
    found: dict[str, str] = orjson.loads((files("samstad_waste.locales") / f"{language}.json").read_bytes())
    return found


def _offset_us(name: str, now_us: int) -> int:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CannotStart(
            f"waste.time_zone {name!r} is no time zone.", todo="Write a name such as Europe/Stockholm."
        ) from None
    offset = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * 1_000_000) if offset else 0

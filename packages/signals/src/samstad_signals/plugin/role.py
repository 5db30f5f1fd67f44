"""The role of a node: wires the supervisor, the fleet, what survives, and the broker's client."""

from __future__ import annotations

import asyncio
import tomllib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLError
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import Response

from samstad_models.alerts import AlertRefusedError
from samstad_models.commands import CommandRefusedError, CommandState
from samstad_ngsild.client import Notification
from samstad_plugin import CannotStart
from samstad_plugin.service import Check, CheckState, Demand, Endpoint, Followed, Service, Surroundings
from samstad_signals.domain.lease import Lease, LeaseRefused
from samstad_signals.domain.orders import OrderRefused
from samstad_signals.domain.timetable import TimetableWrong
from samstad_signals.errors import RequestRefused
from samstad_signals.gateway.serving import TlsFiles, server_terms
from samstad_signals.gateway.supervisor import RsmpSupervisor
from samstad_signals.http.archive import ArchiveDesk
from samstad_signals.http.commanding import Commanding
from samstad_signals.http.junctions import Junctions
from samstad_signals.http.measures import MeasuresDesk
from samstad_signals.http.planning import PlanningDesk
from samstad_signals.http.priorities import PriorityDesk
from samstad_signals.service.alarm_work import AlarmWork
from samstad_signals.service.amending import Amending
from samstad_signals.service.archive import Archive, VersionUnknown
from samstad_signals.service.commands import Commands, CommandUnknown, Wanted
from samstad_signals.service.compliance import Compliance
from samstad_signals.service.fleet import Fleet, UnknownAlarm, UnknownJunction
from samstad_signals.service.keeper import Keeper
from samstad_signals.service.leases import Leases
from samstad_signals.service.planning import Planning
from samstad_signals.service.priorities import Priorities
from samstad_signals.service.writing import Writer
from samstad_signals.settings import SignalsSettings
from samstad_signals.spi.keeping import StoreUnavailable
from samstad_signals.store.database import DATABASE, Database
from samstad_signals.store.journal import Journal
from samstad_signals.store.keeping import SqliteKeeping

__all__ = ["start"]

_OURS = "https://w3id.org/samstad/"
_CONTROLLER, _COMMAND, _ALERT = f"{_OURS}SignalController", f"{_OURS}Command", f"{_OURS}Alert"
_SECOND_US = 1_000_000
_MB = 1_000_000
_PLAN_EVERY_S = 5
_ERRORS: dict[type[Exception], str] = {
    RequestRefused: "signals-request-refused",
    TimetableWrong: "signals-request-refused",
    OrderRefused: "signals-order-refused",
    UnknownJunction: "signals-unknown",
    UnknownAlarm: "signals-unknown",
    CommandUnknown: "signals-unknown",
    VersionUnknown: "signals-unknown",
    LeaseRefused: "signals-held",
    AlertRefusedError: "signals-not-now",
    CommandRefusedError: "signals-not-now",
    StoreUnavailable: "signals-cannot-keep",
}


@asynccontextmanager
async def start(surroundings: Surroundings[SignalsSettings]) -> AsyncIterator[Service]:
    """Open what signals need, give the service, and put everything away in the end."""
    database = Database(surroundings.data / DATABASE)
    try:
        await database.open()
    except StoreUnavailable as error:
        raise CannotStart(str(error), todo="Look at the disk, or start the release that wrote it.") from error
    journal = Journal(surroundings.data, most_bytes=surroundings.settings.journal_mb * _MB)
    try:
        role = await _role(surroundings, SqliteKeeping(database), journal)
        yield role.service()
    finally:
        journal.close()
        await database.close()


@dataclass(frozen=True)
class _Role:
    """Everything at work."""

    surroundings: Surroundings[SignalsSettings]
    fleet: Fleet
    journal: Journal
    supervisor: RsmpSupervisor
    keeper: Keeper
    leases: Leases
    alarms: AlarmWork
    commands: Commands
    planning: Planning
    amending: Amending
    archive: Archive
    compliance: Compliance
    priorities: Priorities
    writer: Writer
    ended: list[tuple[Wanted, CommandState]]
    faults: dict[str, str]
    planned_us: list[int]

    def service(self) -> Service:
        """Return what the node runs."""
        return Service(
            endpoints=self._endpoints(),
            follows=(
                Followed(
                    name="commands", types=("Command",), handler=self._told_commands, q='status=="queued"'
                ),
            ),
            tasks={"street": self._listen, "turns": self._turns},
            errors=_ERRORS,
            checks=self._checks,
        )

    async def _told_commands(self, notification: Notification) -> None:
        for entity in notification.entities:
            self.commands.refuse_strange(entity)

    def _endpoints(self) -> tuple[Endpoint, ...]:
        junctions = Junctions(
            fleet=self.fleet,
            keeper=self.keeper,
            leases=self.leases,
            alarms=self.alarms,
            acting_for=self.surroundings.acting_for,
            now_us=self.surroundings.clock.now_us,
            on_sites=self.know_sites,
            on_lease=self._on_lease,
        )
        commanding = Commanding(self.commands, self.surroundings.acting_for)
        desk = PlanningDesk(
            fleet=self.fleet,
            leases=self.leases,
            planning=self.planning,
            amending=self.amending,
            commands=self.commands,
            acting_for=self.surroundings.acting_for,
            now_us=self.surroundings.clock.now_us,
        )
        archive = ArchiveDesk(self.fleet, self.archive)
        measures = MeasuresDesk(self.fleet, self.compliance)
        priority = PriorityDesk(self.priorities)
        read, write = Demand("read", _CONTROLLER), Demand("write", _CONTROLLER)
        command, administer = Demand("write", _COMMAND), Demand("administer")
        rows: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]], Demand], ...] = (
            ("GET", "/junctions", junctions.list_all, read),
            ("GET", "/junctions/{site}", junctions.show, read),
            ("GET", "/junctions/{site}/alarms", junctions.list_alarms, Demand("read", _ALERT)),
            ("POST", "/junctions/{site}/alarms", junctions.do_alarm, Demand("write", _ALERT)),
            ("POST", "/junctions/{site}/lease", junctions.take, command),
            ("DELETE", "/junctions/{site}/lease", junctions.release, command),
            ("POST", "/junctions/{site}/takeover", junctions.take_over, administer),
            ("POST", "/sites", junctions.put_many, write),
            ("PUT", "/sites/{site}", junctions.put, write),
            ("DELETE", "/sites/{site}", junctions.drop, Demand("delete", _CONTROLLER)),
            ("POST", "/commands", commanding.give, command),
            ("DELETE", "/commands/{command}", commanding.withdraw, command),
            ("GET", "/junctions/{site}/parameters", archive.versions, read),
            ("GET", "/junctions/{site}/parameters/difference", archive.difference, read),
            ("GET", "/junctions/{site}/parameters/{checksum}", archive.content, read),
            ("PUT", "/junctions/{site}/plans/{plan}", measures.set_plan, write),
            ("GET", "/junctions/{site}/measures", measures.show, read),
            ("GET", "/junctions/{site}/priority", priority.list_all, read),
            ("POST", "/junctions/{site}/priority", priority.ask, command),
            ("DELETE", "/junctions/{site}/priority", priority.cancel, command),
            ("GET", "/priority-rules", priority.rules, read),
            ("PUT", "/priority-rules", priority.set_rules, write),
            ("GET", "/timetables", desk.tables, read),
            ("PUT", "/timetables/{scope}", desk.set_table, write),
            ("PUT", "/special-days", desk.set_days, write),
            ("GET", "/agreement", desk.agreement, read),
            ("GET", "/amendments", desk.amendments, read),
            ("POST", "/amendments", desk.amend, command),
            ("DELETE", "/amendments/{site}/{name}/{plan}", desk.end_amendment, command),
        )
        return tuple(Endpoint(*row) for row in rows)

    def know_sites(self) -> None:
        """Serve the sites that are known, unless any may come."""
        if not self.surroundings.settings.any_site:
            self.supervisor.know(self.fleet.junctions)

    def _on_lease(self, lease: Lease, ended: str) -> None:
        self.surroundings.log.info(
            "signals.junction_taken",
            junction=lease.junction,
            operator=lease.operator,
            reason=lease.reason,
            taken_from=ended,
        )

    def on_connected(self, site_id: str) -> None:
        """A controller has come: tell it what waits for it."""
        self.alarms.connected(site_id)
        self.commands.connected(site_id)

    # what runs ---------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Wait for controllers; where the port is taken, say so and try again."""
        settings, clock = self.surroundings.settings, self.surroundings.clock
        while True:
            try:
                port = await self.supervisor.start(settings.host, settings.port)
                break
            except OSError as error:
                why = f"{settings.host}:{settings.port} cannot be listened on: {error.strerror or error}"
                if "street" not in self.faults:
                    self.surroundings.log.warning("signals.cannot_listen", detail=why)
                self.faults["street"] = f"{why}. Choose another with signals.port, or end what listens there."
                await clock.sleep_until(clock.now_us() + 2 * _SECOND_US)
        self.faults.pop("street", None)
        (self.surroundings.data / PORT_FILE).write_text(f"{port}\n")
        self.surroundings.log.info("signals.listening", host=settings.host, port=port)
        try:
            await asyncio.Event().wait()
        finally:
            await self.supervisor.stop()

    async def _turns(self) -> None:
        clock, turn_us = self.surroundings.clock, self.surroundings.settings.turn_ms * 1_000
        while True:
            await clock.sleep_until(clock.now_us() + turn_us)
            await self.turn()

    async def turn(self) -> None:
        """Do what is due, and write what has changed: to the disk, then to the broker."""
        files = self.journal.turn()
        self.alarms.resume_due()
        self.commands.look()
        try:
            await self._plan()
            await self.keeper.keep()
            await self.commands.keep()
            self.faults.pop("disk", None)
        except StoreUnavailable as error:
            self.faults["disk"] = str(error)
        await self.writer.write(now_us=self.surroundings.clock.now_us())
        await self.commands.write()
        if not self.writer.is_behind and "disk" not in self.faults:
            self.journal.done(files)

    async def _plan(self) -> None:
        """Follow timetables and bring back what is due; raises StoreUnavailable, and comes again."""
        while self.ended:
            await self.amending.ended(*self.ended[0])
            del self.ended[0]
        now_us = self.surroundings.clock.now_us()
        if now_us - self.planned_us[0] >= _PLAN_EVERY_S * _SECOND_US:
            self.planned_us[0] = now_us
            await self.amending.look()
            await self.planning.look()
            await self.archive.look()

    def _checks(self) -> list[Check]:
        found = [Check(name, CheckState.DEGRADED, detail) for name, detail in self.faults.items()]
        if self.writer.is_behind:
            found.append(Check("writing", CheckState.DEGRADED, "the broker has not taken the latest changes"))
        if self.journal.fault:
            found.append(Check("journal", CheckState.DEGRADED, self.journal.fault))
        return found or [Check("signals", CheckState.OK)]


PORT_FILE = "signals.port"
"""In the data directory: the port on which controllers are awaited."""


async def _role(
    surroundings: Surroundings[SignalsSettings], keeping: SqliteKeeping, journal: Journal
) -> _Role:
    now_us = surroundings.clock.now_us
    settings = surroundings.settings
    fleet = Fleet(settings.authority, journal=journal.write)
    supervisor = RsmpSupervisor(fleet, _terms(settings), now_us=now_us, codes=_codes(settings.codes_file))
    leases = Leases(keeping)
    commands = Commands(
        fleet=fleet,
        leases=leases,
        street=supervisor,
        entities=surroundings.client,
        keeping=keeping,
        now_us=now_us,
        new_id=lambda: uuid.uuid4().hex,
    )

    ended: list[tuple[Wanted, CommandState]] = []

    def told(why: str) -> None:
        surroundings.log.warning("signals.not_written", detail=why)

    role = _Role(
        surroundings=surroundings,
        fleet=fleet,
        journal=journal,
        supervisor=supervisor,
        keeper=Keeper(fleet, keeping),
        leases=leases,
        alarms=AlarmWork(fleet, supervisor, now_us=now_us),
        commands=commands,
        planning=Planning(fleet, commands, keeping, zone=_zone(settings.time_zone), now_us=now_us),
        amending=Amending(commands, supervisor, keeping, now_us=now_us),
        archive=Archive(fleet, supervisor, keeping, now_us=now_us),
        compliance=Compliance(fleet, keeping),
        priorities=Priorities(fleet, supervisor, keeping, now_us=now_us, new_id=lambda: uuid.uuid4().hex),
        ended=ended,
        writer=Writer(fleet, surroundings.client, told=told),
        faults={},
        planned_us=[0],
    )
    await role.keeper.load(now_us=now_us())
    for record in journal.records():
        fleet.replay(record)
    await leases.load()
    await commands.load()
    await role.planning.load()
    await role.amending.load()
    await role.archive.load()
    await role.compliance.load()
    await role.priorities.load()
    supervisor.on_priorities = role.priorities.told
    commands.on_end = lambda wanted, state: ended.append((wanted, state))
    supervisor.on_parameters = role.archive.arrived
    supervisor.on_answer = commands.answered
    supervisor.on_connected = role.on_connected
    role.know_sites()
    _show_figures(surroundings, role)
    return role


def _terms(settings: SignalsSettings) -> Any:
    files = (settings.certificate, settings.key, settings.clients)
    if any(files) and not all(files):
        raise CannotStart(
            "TLS needs signals.certificate, signals.key and signals.clients.", todo="Give all three, or none."
        )
    try:
        return server_terms(TlsFiles(*(Path(one) for one in files)) if all(files) else None)
    except (OSError, SSLError) as error:
        raise CannotStart(
            f"The certificates for signals cannot be used: {error}.", todo="Look at them."
        ) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CannotStart(f"There is no time zone {name!r}.", todo="Mend signals.time_zone.") from error


def _codes(file: str) -> Mapping[str, str]:
    if not file:
        return {}
    try:
        told = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CannotStart(f"{file} cannot be read: {error}.", todo="Mend signals.codes_file.") from error
    wrong = [site for site, code in told.items() if not isinstance(code, str)]
    if wrong:
        raise CannotStart(f"{file}: the code of {wrong[0]} is no text.", todo="Put it in quotes.")
    return told


def _show_figures(surroundings: Surroundings[SignalsSettings], role: _Role) -> None:
    metrics = surroundings.metrics
    fleet, supervisor = role.fleet, role.supervisor
    metrics.gauges(
        "samstad_signals_junctions",
        "Junctions that are known, and those whose controller is connected.",
        ("which",),
        lambda: [
            (("known",), float(len(fleet.junctions))),
            (("connected",), float(len(supervisor.connected))),
        ],
    )
    metrics.gauge(
        "samstad_signals_open_commands", "Commands that are not done.", lambda: float(len(role.commands.open))
    )
    metrics.gauge(
        "samstad_signals_statuses",
        "Status messages of controllers since the start of the role, late ones left out.",
        lambda: float(supervisor.statuses),
    )
    metrics.gauge(
        "samstad_signals_garbled",
        "Messages that could not be read since the start of the role.",
        lambda: float(supervisor.garbled),
    )
    metrics.gauge("samstad_signals_journal_bytes", "Size of the journal.", lambda: float(role.journal.size))
    metrics.gauge(
        "samstad_signals_lost_past",
        "Messages of the past that did not fit into the memory while the broker was away.",
        lambda: float(fleet.lost_past),
    )

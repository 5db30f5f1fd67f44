"""The controller: what runs, who chose it, and one step of time.

Each step reads inputs and detectors, chooses the plan, decides who should be green, and lets the heads come
as near to that as safety allows. Above the running plan stand, from the strongest: dark and yellow flash, the
police key and manual control, an emergency route, a priority request, a group that has waited too long, an
input call.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any

from samstad_rsmp.emulator.demand import Traffic
from samstad_rsmp.emulator.detectors import DetectorBank
from samstad_rsmp.emulator.faults import FaultFinder
from samstad_rsmp.emulator.heads import Heads
from samstad_rsmp.emulator.ports import Ports
from samstad_rsmp.emulator.priority import PriorityDesk
from samstad_rsmp.emulator.program import Program
from samstad_rsmp.emulator.settings import Junction, check_junction
from samstad_rsmp.emulator.tables import Calendar
from samstad_rsmp.session.alarms import AlarmBook, AlarmEvent, AlarmState
from samstad_rsmp.sxl.rows import ObjectType
from samstad_rsmp.sxl.table import get_sxl

__all__ = ["Controller", "Mode", "PoliceKey"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VALUES = {
    "A0007": (("protocol", "rsmp"),),
    "A0008": (("timeplan", "1"),),
    "A0201": (("color", "red"),),
    "A0202": (("color", "red"),),
}
"""What alarms say of themselves until they are raised with values of their own."""
DETECTOR_VALUES = (("type", "loop"), ("errormode", "on"), ("manual", "False"))


class Mode(Enum):
    """What the heads show."""

    STARTING = "startup"
    NORMAL = "NormalControl"
    FLASH = "YellowFlash"
    DARK = "Dark"
    ALL_RED = "AllRed"


class PoliceKey(Enum):
    """The key in the cabinet's door, as S0013 tells it."""

    OFF = 0
    DARK = 1
    FLASH = 2
    ALL_RED = 3


KEY_MODES = {PoliceKey.DARK: Mode.DARK, PoliceKey.FLASH: Mode.FLASH, PoliceKey.ALL_RED: Mode.ALL_RED}


@dataclass
class Chosen:
    """A choice and who made it, in the words of the SXL's ``source``."""

    value: Any
    source: str = "startup"


@dataclass
class Orders:
    """What operators have ordered.

    Attributes:
        position: normal control, yellow flash or dark.
        position_until_ms: when the position returns to normal by itself, None for never.
        plan: the plan that was ordered, None for the controller's own choice.
        situation: the traffic situation that was ordered.
        fixed_time: whether detectors are left out.
        manual: whether somebody works the panel; heads stay as they are.
        key: the police key.
        routes: emergency routes that are active.
        bands_timeout_min: how long bands hold without a supervisor, 0 for always.
    """

    position: Chosen = field(default_factory=lambda: Chosen(Mode.NORMAL))
    position_until_ms: int | None = None
    plan: int | None = None
    situation: int | None = None
    fixed_time: Chosen = field(default_factory=lambda: Chosen(value=False))
    manual: bool = False
    key: PoliceKey = PoliceKey.OFF
    routes: list[int] = field(default_factory=list)
    bands_timeout_min: int = 0


class Controller:
    """One junction; its time goes on by ``advance``."""

    def __init__(self, junction: Junction, *, zone: tzinfo = UTC, own_traffic: bool = True) -> None:
        check_junction(junction)
        self.junction = junction
        self.zone = zone
        self.heads = Heads(junction)
        self.detectors = DetectorBank(junction.detectors)
        self.traffic = Traffic(junction) if own_traffic else None
        self.programs = {plan.number: Program(plan) for plan in junction.plans}
        self.inputs = Ports(junction.inputs, "input")
        self.outputs = Ports(junction.outputs, "output")
        self.calendar = Calendar(junction.week, junction.days)
        self.desk = PriorityDesk()
        self._faults = FaultFinder(junction)
        self.orders = Orders()
        self.plan = Chosen(junction.default_plan)
        self.levels: dict[int, int] = dict.fromkeys(range(1, len(junction.detectors) + 1), 5)
        self.codes = {1: junction.security_codes[0], 2: junction.security_codes[1]}
        self.clock_ahead_ms = 0
        self.restarts = 0
        self.clears_alarms = False
        self.forced_until_ms: dict[str, int | None] = {}
        self._steered: frozenset[str] | None = None
        self._steered_until_ms = 0
        self.mode = Mode.STARTING
        self.alarms = AlarmBook(_alarms(junction))
        self.components = _components(junction)
        self._started_ms: int | None = None
        self._demand: set[str] = set()
        self._left_ms: dict[str, int] = {}
        self._lost_ms: int | None = None
        self._second = 0

    # time -----------------------------------------------------------------------------------

    def advance(self, now_ms: int, *, connected: bool = True) -> Sequence[tuple[AlarmEvent, AlarmState]]:
        """Let time pass up to now and return what happened to alarms."""
        if self._started_ms is None:
            self._started_ms = now_ms
        if self.traffic is not None:
            self.traffic.advance(self.heads, self.detectors, now_ms)
        self.detectors.advance(now_ms)
        self.desk.advance(now_ms)
        self._release(now_ms)
        self._choose_plan(now_ms)
        self._hold_bands(now_ms, connected=connected)
        self._choose_mode(now_ms)
        self._demand = self._demands()
        self.heads.note_calls(self._demand, now_ms)
        if self.mode is Mode.NORMAL and not self.orders.manual:
            self.heads.advance(self._wished(now_ms), now_ms)
        elif self.mode is Mode.ALL_RED:
            self.heads.advance((), now_ms)
        return self._find_faults(now_ms, connected=connected)

    def _release(self, now_ms: int) -> None:
        if self.junction.call_release_s:
            before_ms = now_ms - self.junction.call_release_s * 1000
            self.inputs.release((int(number) for number in self.junction.input_calls), before_ms=before_ms)
        for detector_id, until_ms in list(self.forced_until_ms.items()):
            if until_ms is not None and until_ms <= now_ms:
                self.detectors.force(detector_id, None)
                del self.forced_until_ms[detector_id]

    def restart(self, now_ms: int) -> None:
        """Begin anew: the start-up sequence, with nothing ordered and nothing forced."""
        self.orders = Orders(bands_timeout_min=self.orders.bands_timeout_min)
        self.restarts += 1
        self.inputs.release()
        self.outputs.release()
        self.heads.restart(now_ms)
        self._started_ms = now_ms
        self.mode = Mode.STARTING
        for detector_id in self.detectors.ids:
            self.detectors.force(detector_id, None)

    def steer(self, greens: Collection[str], now_ms: int, *, holds_ms: int = 3_000) -> None:
        """Let adaptive control wish for groups; without a new wish in time the own program goes on.

        It stands in the place of the running plan: whatever is stronger than a plan is stronger than a wish,
        and a plan or fixed time that an operator has ordered is not adapted.
        """
        self._steered = frozenset(greens)
        self._steered_until_ms = now_ms + holds_ms

    def is_steered(self, now_ms: int) -> bool:
        """Tell whether adaptive control decides now."""
        ordered = self.orders.plan is not None or bool(self.orders.fixed_time.value)
        return self._steered is not None and now_ms < self._steered_until_ms and not ordered

    def program(self) -> Program:
        """Return the program that runs."""
        return self.programs[self.plan.value]

    def clock(self, now_ms: int) -> datetime:
        """Return the controller's own clock, in UTC."""
        return EPOCH + timedelta(milliseconds=now_ms + self.clock_ahead_ms)

    def characters(self, now_ms: int) -> str:
        """Return S0001's character of each signal group."""
        count = len(self.junction.groups)
        if self.mode is Mode.STARTING:
            return "efg"[self._start_interval(now_ms)] * count
        if self.mode in {Mode.FLASH, Mode.DARK}:
            return ("c" if self.mode is Mode.FLASH else "b") * count
        return self.heads.characters(self._demand, now_ms)

    def _began_ms(self, now_ms: int) -> int:
        return now_ms if self._started_ms is None else self._started_ms

    def _start_interval(self, now_ms: int) -> int:
        passed_s = (now_ms - self._began_ms(now_ms)) / 1000
        first, second, _ = self.junction.start_s
        return 0 if passed_s < first else 1 if passed_s < first + second else 2

    def _choose_mode(self, now_ms: int) -> None:
        until_ms = self.orders.position_until_ms
        if until_ms is not None and until_ms <= now_ms:
            self.orders.position = Chosen(Mode.NORMAL, "other")
            self.orders.position_until_ms = None
        ordered = KEY_MODES.get(self.orders.key, self.orders.position.value)
        if self.mode is Mode.STARTING:
            over_ms = self._began_ms(now_ms) + sum(self.junction.start_s) * 1000
            if now_ms < over_ms:
                return
            self.heads.restart(now_ms)
            self.mode = ordered
        elif ordered is not self.mode:
            self._change_mode(ordered, now_ms)

    def _change_mode(self, ordered: Mode, now_ms: int) -> None:
        off = {Mode.FLASH, Mode.DARK}
        if ordered in off:
            self.heads.restart(now_ms)
            self.mode = ordered
        elif self.mode in off:  # from flash or dark only the start-up sequence leads back (EN 12675)
            self._started_ms = now_ms
            self.mode = Mode.STARTING
        else:
            self.mode = ordered

    def _choose_plan(self, now_ms: int) -> None:
        situation = self.junction.situations.get(str(self.orders.situation))
        local = self.clock(now_ms).astimezone(self.zone)
        second = now_ms // 1000
        if self.orders.plan is not None:
            self._run(self.orders.plan, "forced")
        elif situation is not None:
            self._run(situation, "forced")
        elif second != self._second or self.plan.source == "forced":
            by_calendar = self.calendar.plan_at(local)
            known = by_calendar in self.programs
            self._run(by_calendar if known else self.junction.default_plan, "calendar_clock" if known else "")
        self._second = second

    def _run(self, plan: int | None, source: str) -> None:
        if plan != self.plan.value or source != self.plan.source:
            was_forced = self.plan.source == "forced"
            self.plan = Chosen(plan, source or ("control_block" if was_forced else self.plan.source))

    def _hold_bands(self, now_ms: int, *, connected: bool) -> None:
        if connected:
            self._lost_ms = None
            return
        self._lost_ms = now_ms if self._lost_ms is None else self._lost_ms
        limit_ms = self.orders.bands_timeout_min * 60_000
        if limit_ms and now_ms - self._lost_ms >= limit_ms:
            for program in self.programs.values():
                program.clear_bands()

    # who should be green -------------------------------------------------------------------------

    def _demands(self) -> set[str]:
        by_input = {
            group for number, group in self.junction.input_calls.items() if self.inputs.is_active(int(number))
        }
        return self.detectors.demand() | by_input

    def _wished(self, now_ms: int) -> set[str]:
        planned = self.program().greens(now_ms)
        if self._steered is not None and self.is_steered(now_ms):
            planned = self._steered
        elif not self.orders.fixed_time.value:
            planned = frozenset(name for name in planned if self._is_wanted(name, now_ms))
        wished = set(planned)
        for first in self._first_rights(now_ms):
            clashing = wished & set(self.heads.conflicting(first))
            self._note_gain(first, planned, now_ms)
            wished -= clashing
            wished.add(first)
        return wished

    def _first_rights(self, now_ms: int) -> list[str]:
        """Groups that go before the plan, the strongest last: each drives out what conflicts with it."""
        by_input = [
            group for number, group in self.junction.input_calls.items() if self.inputs.is_active(int(number))
        ]
        held = self.desk.held()
        routes = {route.number: route.groups for route in self.junction.routes}
        emergency = [group for number in self.orders.routes for group in routes[number]]
        late = self.heads.overdue(now_ms)[:1]
        return [*by_input, *late, *([held] if held else []), *emergency]

    def _note_gain(self, group: str, planned: frozenset[str], now_ms: int) -> None:
        if group == self.desk.held() and group not in planned and now_ms % 1000 < 100:
            self.desk.note_gain(gained=self.heads.is_green(group))

    def _is_wanted(self, name: str, now_ms: int) -> bool:
        group = next(one for one in self.junction.groups if one.id == name)
        if not group.actuated:
            return True
        if name in self._demand or name in self.heads.calls():
            self._left_ms[name] = now_ms
            return True
        gap_ms = now_ms - self._left_ms.get(name, 0)
        return self.heads.is_green(name) and gap_ms < group.rest_gap_s * 1000

    def _find_faults(self, now_ms: int, *, connected: bool) -> list[tuple[AlarmEvent, AlarmState]]:
        happened: list[tuple[AlarmEvent, AlarmState]] = []
        if self.clears_alarms:
            self.clears_alarms = False
            self._faults.forget()
            for old in list(self.alarms):
                state = self.alarms.happen(AlarmEvent.CLEAR, old.component_id, old.code, now_ms=now_ms)
                happened += [(AlarmEvent.CLEAR, state)] if state is not None else []
        found = self._faults.look(
            self.alarms, self.inputs, self.detectors, connected=connected, now_ms=now_ms
        )
        return [*happened, *found]


def _components(junction: Junction) -> dict[str, ObjectType]:
    return {
        junction.component: ObjectType.CONTROLLER,
        **{group.id: ObjectType.SIGNAL_GROUP for group in junction.groups},
        **{detector.id: ObjectType.DETECTOR_LOGIC for detector in junction.detectors},
    }


def _alarms(junction: Junction) -> list[AlarmState]:
    rows = get_sxl("1.2.1").alarms.values()
    found = []
    for component, kind in _components(junction).items():
        for row in rows:
            if row.of is kind:
                values: tuple[tuple[str, str], ...] = VALUES.get(row.code, ())
                if kind is ObjectType.DETECTOR_LOGIC:
                    values = (("detector", component), *DETECTOR_VALUES)
                    if row.code in {"A0302", "A0304"}:
                        values = (*values, ("logicerror", "always_off"))
                found.append(AlarmState(component, row.code, row.priority, values=values))
    return found

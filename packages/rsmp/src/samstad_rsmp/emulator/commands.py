"""The commands of the emulated controller, one function for each code.

Values have been checked against the signal exchange list already; here is checked what only the controller
knows, such as whether a plan exists. RsmpError refuses a command, and then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from samstad_rsmp.emulator.controller import Chosen, Controller, Mode
from samstad_rsmp.emulator.ports import parse_series
from samstad_rsmp.emulator.program import Program
from samstad_rsmp.emulator.tables import parse_numbers
from samstad_rsmp.errors import RsmpError

__all__ = ["COMMANDS"]

Values = Mapping[str, Any]
CarryOut = Callable[[Controller, str, Values, int], None]
TRUE = "True"


def _position(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    if values["intersection"] not in {"0", "1"}:
        raise RsmpError(f"there is no intersection {values['intersection']}, only 1, and 0 for all")
    minutes = int(values["timeout"])
    one.orders.position = Chosen(Mode(values["status"]), "forced")
    one.orders.position_until_ms = now_ms + minutes * 60_000 if minutes else None


def _plan(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    number = _program(one, values["timeplan"]).plan.number
    one.orders.plan = number if values["status"] == TRUE else None


def _situation(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    number = values["traficsituation"]
    if number not in one.junction.situations:
        raise RsmpError(f"there is no traffic situation {number}")
    one.orders.situation = int(number) if values["status"] == TRUE else None


def _restart(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    if values["status"] == TRUE:
        one.restart(now_ms)


def _emergency(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    number = int(values["emergencyroute"])
    if number not in {route.number for route in one.junction.routes}:
        raise RsmpError(f"there is no emergency route {number}")
    one.orders.routes = [other for other in one.orders.routes if other != number]
    if values["status"] == TRUE:
        one.orders.routes.append(number)


def _activate_input(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    one.inputs.activate(int(values["input"]), active=values["status"] == TRUE, now_ms=now_ms)


def _fixed_time(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    one.orders.fixed_time = Chosen(values["status"] == TRUE, "forced")


def _force_detector(one: Controller, component: str, values: Values, now_ms: int) -> None:
    one.detectors.force(component, values["mode"] == TRUE if values["status"] == TRUE else None)
    duration_ms = int(values.get("duration", 0))  # from SXL 1.3.0
    one.forced_until_ms[component] = now_ms + duration_ms if duration_ms else None


def _clear_alarms(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    one.clears_alarms = values["status"] == TRUE


def _input_series(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    changes = parse_series(values["status"])
    for number in changes:
        one.inputs.check(number)
    for number, active in changes.items():
        one.inputs.activate(number, active=active, now_ms=now_ms)


def _bands(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    pairs = parse_numbers(values["status"], 2, "band-seconds")
    _program(one, values["plan"]).set_bands({band: seconds for band, seconds in pairs})  # noqa: C416  # typed


def _offset(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    _program(one, values["plan"]).offset_s = int(values["status"])


def _week(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    one.calendar.set_week(values["status"])


def _days(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    one.calendar.set_days(values["status"])


def _cycle(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    _program(one, values["plan"]).set_cycle(int(values["status"]))


def _force_input(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    forced = values["inputValue"] == TRUE if values["status"] == TRUE else None
    one.inputs.force(int(values["input"]), forced, now_ms=now_ms)


def _force_output(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    forced = values["outputValue"] == TRUE if values["status"] == TRUE else None
    one.outputs.force(int(values["output"]), forced, now_ms=now_ms)


def _levels(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    pairs = parse_numbers(values["status"], 2, "loop-level")
    wrong = next((loop for loop, _ in pairs if loop not in one.levels), None)
    if wrong is not None:
        raise RsmpError(f"there is no loop {wrong}")
    one.levels.update({loop: level for loop, level in pairs})  # noqa: C416  # typed


def _priority(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    targets = [name for name in TARGETS if name in values]
    if values["type"] == "new" and len(targets) != 1:
        raise RsmpError(f"exactly one target is due, not {', '.join(targets) or 'none'}")
    one.desk.take(values, _target(one, values), now_ms)


TARGETS = (
    "signalGroupId", "inputId", "connectionId", "approachId", "laneInId", "laneOutId", "priorityId",
)  # fmt: skip


def _target(one: Controller, values: Values) -> str | None:
    """Return the group that a request is for; None when the junction does not know the target."""
    if "inputId" in values:
        return one.junction.input_calls.get(values["inputId"])
    named = values.get("signalGroupId")
    return named if named in {group.id for group in one.junction.groups} else None


def _bands_timeout(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    one.orders.bands_timeout_min = int(values["status"])


def _security_code(one: Controller, _component: str, values: Values, _now_ms: int) -> None:
    if not values["newSecurityCode"]:
        raise RsmpError("an empty security code opens every door")
    one.codes[1 if values["status"] == "Level1" else 2] = values["newSecurityCode"]


def _clock(one: Controller, _component: str, values: Values, now_ms: int) -> None:
    parts = [int(values[name]) for name in ("year", "month", "day", "hour", "minute", "second")]
    try:
        wanted = datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # six numbers
    except ValueError as error:
        raise RsmpError(f"there is no such time: {error}") from None
    one.clock_ahead_ms = round(wanted.timestamp() * 1000) - now_ms


def _program(one: Controller, number: str) -> Program:
    program = one.programs.get(int(number))
    if program is None:
        raise RsmpError(f"there is no time plan {number}")
    return program


COMMANDS: Mapping[str, CarryOut] = {
    "M0001": _position,
    "M0002": _plan,
    "M0003": _situation,
    "M0004": _restart,
    "M0005": _emergency,
    "M0006": _activate_input,
    "M0007": _fixed_time,
    "M0008": _force_detector,
    "M0013": _input_series,
    "M0014": _bands,
    "M0015": _offset,
    "M0016": _week,
    "M0017": _days,
    "M0018": _cycle,
    "M0019": _force_input,
    "M0020": _force_output,
    "M0021": _levels,
    "M0022": _priority,
    "M0023": _bands_timeout,
    "M0024": _clear_alarms,
    "M0103": _security_code,
    "M0104": _clock,
}
"""Those of 1.2.1 but M0010 to M0012, which it reserves for the future, and M0024 of the draft 1.3.0."""

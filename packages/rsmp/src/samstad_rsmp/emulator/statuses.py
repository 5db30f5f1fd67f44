"""The statuses of the emulated controller, one reader for each code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.detectors import CLASSES, Counted
from samstad_rsmp.timestamps import format_timestamp

__all__ = ["STATUSES"]

Reader = Callable[[Controller, str, int, int], Mapping[str, Any] | None]
VERSION = "samstad rsmp emulator 0.1.0"


def _boolean(value: bool) -> str:
    return "True" if value else "False"


def _mode(value: Callable[[Controller], tuple[bool, str]]) -> Reader:
    def read(one: Controller, _component: str, _now_ms: int, _interval_ms: int) -> Mapping[str, str]:
        status, source = value(one)
        return {"intersection": "0", "status": _boolean(status), "source": source}

    return read


def _plain(value: Callable[[Controller, int], Mapping[str, Any]]) -> Reader:
    return lambda one, _component, now_ms, _interval_ms: value(one, now_ms)


def _signal_groups(one: Controller, now_ms: int) -> Mapping[str, str]:
    program = one.program()
    return {
        "signalgroupstatus": one.characters(now_ms),
        "cyclecounter": str(program.counter(now_ms)),
        "basecyclecounter": str(program.base_counter(now_ms)),
        "stage": "0",
    }


def _starting(one: Controller, _now_ms: int) -> Mapping[str, Any]:
    starting = _boolean(one.mode.value == "startup")
    by_intersection = [{"intersection": "1", "startup": starting}]
    return {"status": starting, "statusByIntersection": by_intersection}


def _control_mode(one: Controller, _now_ms: int) -> Mapping[str, str]:
    modes = {"startup": "startup", "YellowFlash": "standby", "Dark": "standby"}
    return {"intersection": "0", "controlmode": modes.get(one.mode.value, "control")}


def _emergency(one: Controller, _now_ms: int) -> Mapping[str, str]:
    routes = one.orders.routes
    return {"status": _boolean(bool(routes)), "emergencystage": str(routes[-1] if routes else 0)}


def _coordination(one: Controller, _now_ms: int) -> Mapping[str, str]:
    coordinated = one.program().plan.coordinated
    return {
        "intersection": "0",
        "status": "local" if coordinated else "off",
        "source": one.plan.source,
    }


def _clock(one: Controller, now_ms: int) -> Mapping[str, str]:
    clock = one.clock(now_ms)
    names = ("year", "month", "day", "hour", "minute", "second")
    return {name: str(getattr(clock, name)) for name in names}


def _joined(pairs: Iterable[tuple[int, ...]]) -> str:
    return ",".join("-".join(str(part) for part in pair) for pair in pairs)


def _bands(one: Controller, _now_ms: int) -> Mapping[str, str]:
    programs = one.programs.items()
    return {"status": _joined((n, band, s) for n, program in programs for band, s in program.bands.items())}


def parameters(one: Controller) -> bytes:
    """Return the traffic parameters in effect, the same bytes for the same parameters."""
    programs = [
        {"plan": number, "cycle": p.cycle_s, "offset": p.offset_s, "bands": sorted(p.bands.items())}
        for number, p in sorted(one.programs.items())
    ]
    known = msgspec.to_builtins(one.junction)
    known.pop("security_codes")  # they are no traffic parameters, and nobody's business
    tables = [one.calendar.week_text(), one.calendar.days_text()]
    return msgspec.json.encode([known, programs, tables, sorted(one.levels.items())])


def _checksum(one: Controller, now_ms: int) -> Mapping[str, str]:
    digest = hashlib.sha256(parameters(one)).hexdigest()
    return {"checksum": digest, "timestamp": format_timestamp(now_ms)}


def _configuration(one: Controller, now_ms: int) -> Mapping[str, str]:
    config = base64.b64encode(parameters(one)).decode()
    return {"config": config, "timestamp": format_timestamp(now_ms), "version": VERSION}


def _predicted(one: Controller, component: str, now_ms: int, _interval_ms: int) -> Mapping[str, str] | None:
    group = next((group for group in one.junction.groups if group.id == component), None)
    if group is None or one.mode.value != "NormalControl":
        return None
    changes = list(one.program().changes(component, now_ms))
    green = next((at for at, opens in changes if opens), None)
    red = next((at for at, opens in changes if not opens), None)
    if green is None or red is None:
        return None
    sure = "50" if group.actuated and not one.orders.fixed_time.value else "90"
    return {
        **{f"{name}ToGEstimate": format_timestamp(green) for name in ("min", "max", "likely")},
        **{f"{name}ToREstimate": format_timestamp(red) for name in ("min", "max", "likely")},
        "ToGConfidence": sure,
        "ToRConfidence": sure,
    }


def _counted(values: Callable[[Counted], Mapping[str, str]]) -> Reader:
    def read(one: Controller, component: str, now_ms: int, interval_ms: int) -> Mapping[str, str] | None:
        if component not in one.detectors.ids:
            return None
        until_ms = now_ms - now_ms % 1000
        seen = one.detectors.count(component, until_ms=until_ms, interval_ms=interval_ms)
        return None if seen is None else {"starttime": format_timestamp(seen.start_ms), **values(seen)}

    return read


def _counted_all(names: Iterable[str], values: Callable[[Counted], Mapping[str, str]]) -> Reader:
    def read(one: Controller, _component: str, now_ms: int, interval_ms: int) -> Mapping[str, str] | None:
        until_ms = now_ms - now_ms % 1000
        seen = [one.detectors.count(i, until_ms=until_ms, interval_ms=interval_ms) for i in one.detectors.ids]
        told = [values(counted) if counted is not None else {} for counted in seen]
        lists = {name: ",".join(item.get(name, "-1") for item in told) for name in names}
        return {"start": format_timestamp(until_ms - interval_ms), **lists} if seen else None

    return read


def _vehicles(seen: Counted) -> Mapping[str, str]:
    return {"vehicles": str(seen.vehicles)}


def _speed(seen: Counted) -> Mapping[str, str]:
    return {"speed": str(seen.speed_kmh)}


def _known_speed(seen: Counted) -> Mapping[str, str]:
    return _speed(seen) if seen.speed_kmh >= 0 else {}


def _occupancy(seen: Counted) -> Mapping[str, str]:
    return {"occupancy": str(seen.occupancy)}


def _classes(seen: Counted) -> Mapping[str, str]:
    return {name: str(number) for name, number in seen.classes.items()}


STATUSES: Mapping[str, Reader] = {
    "S0001": _plain(_signal_groups),
    "S0002": _plain(lambda one, _: {"detectorlogicstatus": one.detectors.states()}),
    "S0003": _plain(lambda one, _: {"inputstatus": one.inputs.states(), "extendedinputstatus": ""}),
    "S0004": _plain(lambda one, _: {"outputstatus": one.outputs.states(), "extendedoutputstatus": ""}),
    "S0005": _plain(_starting),
    "S0006": _plain(_emergency),
    "S0007": _mode(lambda one: (one.mode.value != "Dark", one.orders.position.source)),
    "S0008": _mode(lambda one: (one.orders.manual, "operator_panel")),
    "S0009": _mode(lambda one: (one.orders.fixed_time.value, one.orders.fixed_time.source)),
    "S0010": _mode(lambda one: (not one.program().plan.coordinated, one.plan.source)),
    "S0011": _mode(lambda one: (one.mode.value == "YellowFlash", one.orders.position.source)),
    "S0012": _mode(lambda one: (one.mode.value == "AllRed", "operator_panel")),
    "S0013": _plain(lambda one, _: {"intersection": "0", "status": str(one.orders.key.value)}),
    "S0014": _plain(lambda one, _: {"status": str(one.plan.value), "source": one.plan.source}),
    "S0015": _plain(
        lambda one, _: {
            "status": str(one.orders.situation or 1),
            "source": "forced" if one.orders.situation else "startup",
        }
    ),
    "S0016": _plain(lambda one, _: {"number": str(len(one.detectors))}),
    "S0017": _plain(lambda one, _: {"number": str(len(one.junction.groups))}),
    "S0018": _plain(lambda one, _: {"number": str(len(one.programs))}),
    "S0019": _plain(lambda one, _: {"number": str(max(1, len(one.junction.situations)))}),
    "S0020": _plain(_control_mode),
    "S0021": _plain(lambda one, _: {"detectorlogics": one.detectors.forcing()}),
    "S0022": _plain(lambda one, _: {"status": ",".join(str(number) for number in one.programs)}),
    "S0023": _plain(_bands),
    "S0024": _plain(lambda one, _: {"status": _joined((n, p.offset_s) for n, p in one.programs.items())}),
    "S0025": _predicted,
    "S0026": _plain(lambda one, _: {"status": one.calendar.week_text()}),
    "S0027": _plain(lambda one, _: {"status": one.calendar.days_text()}),
    "S0028": _plain(lambda one, _: {"status": _joined((n, p.cycle_s) for n, p in one.programs.items())}),
    "S0029": _plain(lambda one, _: {"status": one.inputs.forcing()}),
    "S0030": _plain(lambda one, _: {"status": one.outputs.forcing()}),
    "S0031": _plain(lambda one, _: {"status": _joined(one.levels.items())}),
    "S0032": _plain(_coordination),
    "S0033": _plain(lambda one, _: {"status": one.desk.told()}),
    "S0034": _plain(lambda one, _: {"status": str(one.orders.bands_timeout_min)}),
    "S0035": _plain(
        lambda one, _: {"emergencyroutes": [{"id": str(number)} for number in one.orders.routes]}
    ),
    "S0091": _plain(lambda _one, _: {"user": "0"}),
    "S0092": _plain(lambda _one, _: {"user": "0"}),
    "S0095": _plain(lambda _one, _: {"status": VERSION}),
    "S0096": _plain(_clock),
    "S0097": _plain(_checksum),
    "S0098": _plain(_configuration),
    "S0201": _counted(_vehicles),
    "S0202": _counted(_known_speed),
    "S0203": _counted(_occupancy),
    "S0204": _counted(_classes),
    "S0205": _counted_all(("vehicles",), _vehicles),
    "S0206": _counted_all(("speed",), _speed),
    "S0207": _counted_all(("occupancy",), _occupancy),
    "S0208": _counted_all(CLASSES, _classes),
}
"""Every status of 1.0.7 to 1.2.1; nobody ever logs in at this panel."""

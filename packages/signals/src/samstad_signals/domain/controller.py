"""What a controller is like now, folded from the statuses that it tells (TLC SXL 1.0.7 to 1.2.1).

Values travel as text and arrive twice, late and in parts; a value never gives way to an older one, and
what cannot be read is left as it was and counted. Times are µs since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

__all__ = [
    "NEW_CONTROLLER",
    "SUBSCRIBED",
    "ControllerState",
    "Told",
    "controller_status",
    "fold_bits",
    "fold_values",
    "signal_mode",
    "signal_state",
]

BITS = 8


class Told(NamedTuple):
    """One value of one status as a controller told it; ``value`` is None where it knows none."""

    code: str
    name: str
    value: str | None


class ControllerState(NamedTuple):
    """What is known of a controller; None where nothing has been told yet.

    Attributes:
        group_states: one character for each signal group, in the order of their numbers (S0001).
        detector_states: one character for each detector logic: 0, 1 or - (S0002).
        clock_skew_s: the controller's clock minus ours, when it told its clock.
        checksum: SHA-2 of its parameters.
        bits: the aggregated status: local mode, no communication, high, medium, low fault, in use, idle,
            not connected.
        times: when each status was last told, by code, by the controller's own clock.
        unreadable: how many values could not be read.
    """

    group_states: str | None = None
    cycle_counter_s: int | None = None
    base_cycle_counter_s: int | None = None
    stage: int | None = None
    detector_states: str | None = None
    plan: int | None = None
    plan_source: str | None = None
    starting_up: bool | None = None
    switched_on: bool | None = None
    manual: bool | None = None
    fixed_time: bool | None = None
    isolated: bool | None = None
    yellow_flash: bool | None = None
    all_red: bool | None = None
    police_key: int | None = None
    control_mode: str | None = None
    coordination: str | None = None
    version: str | None = None
    checksum: str | None = None
    clock_skew_s: float | None = None
    bits: tuple[bool, ...] | None = None
    times: Mapping[str, int] = {}  # never changed in place
    unreadable: int = 0


NEW_CONTROLLER = ControllerState()


def _any_true(text: str) -> bool:
    """A list has one value for each intersection; one that is so makes the controller so."""
    words = text.split(",")
    if any(word not in {"True", "False"} for word in words):
        raise ValueError(text)
    return "True" in words


def _first(text: str) -> str:
    return text.split(",", maxsplit=1)[0]


def _most(text: str) -> int:
    return max(int(word) for word in text.split(","))


FIELDS: Mapping[tuple[str, str], tuple[str, Callable[[str], Any]]] = {
    ("S0001", "signalgroupstatus"): ("group_states", str),
    ("S0001", "cyclecounter"): ("cycle_counter_s", int),
    ("S0001", "basecyclecounter"): ("base_cycle_counter_s", int),
    ("S0001", "stage"): ("stage", int),
    ("S0002", "detectorlogicstatus"): ("detector_states", str),
    ("S0005", "status"): ("starting_up", _any_true),
    ("S0007", "status"): ("switched_on", _any_true),
    ("S0008", "status"): ("manual", _any_true),
    ("S0009", "status"): ("fixed_time", _any_true),
    ("S0010", "status"): ("isolated", _any_true),
    ("S0011", "status"): ("yellow_flash", _any_true),
    ("S0012", "status"): ("all_red", _any_true),
    ("S0013", "status"): ("police_key", _most),
    ("S0014", "status"): ("plan", int),
    ("S0014", "source"): ("plan_source", str),
    ("S0020", "controlmode"): ("control_mode", _first),
    ("S0032", "status"): ("coordination", _first),
    ("S0095", "status"): ("version", str),
    ("S0097", "checksum"): ("checksum", str),
}
"""Which value fills which field, and how it is read."""

SUBSCRIBED: Mapping[str, tuple[str, ...]] = {
    code: tuple(name for one, name in FIELDS if one == code) for code, _ in FIELDS
}
"""The values that a supervisor follows, by status."""

CLOCK = ("year", "month", "day", "hour", "minute", "second")


def fold_values(
    state: ControllerState, values: Iterable[Told], *, observed_us: int, received_us: int
) -> ControllerState:
    """Return the state after a message of values.

    Args:
        state: before it.
        values: of one message.
        observed_us: the message's own time, by the controller's clock.
        received_us: when it came, by ours.
    """
    values = list(values)
    stale = {one.code for one in values if observed_us < state.times.get(one.code, observed_us)}
    changes: dict[str, Any] = {}
    unreadable = 0
    for one in values:
        row = FIELDS.get((one.code, one.name))
        if row is None or one.value is None or one.code in stale:
            continue
        try:
            changes[row[0]] = row[1](one.value)
        except ValueError:
            unreadable += 1
    fresh = {one.code: observed_us for one in values if one.code not in stale}
    skew = _skew({one.name: one.value for one in values if one.code == "S0096"}, received_us)
    if skew is not None and "S0096" in fresh:
        changes["clock_skew_s"] = skew
    return state._replace(times={**state.times, **fresh}, unreadable=state.unreadable + unreadable, **changes)


def _skew(told: Mapping[str, str | None], received_us: int) -> float | None:
    try:
        parts = [int(told.get(name) or "x") for name in CLOCK]
        clock = datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None
    return clock.timestamp() - received_us // 1_000_000


def fold_bits(state: ControllerState, bits: Iterable[bool | str], *, observed_us: int) -> ControllerState:
    """Return the state after an aggregated status; up to 3.1.2 the bits come as text.

    Raises:
        ValueError: there are not eight of them.
    """
    read = tuple(str(bit).lower() == "true" for bit in bits)
    if len(read) != BITS:
        raise ValueError(f"an aggregated status has {BITS} bits, not {len(read)}")
    if observed_us < state.times.get("bits", observed_us):
        return state
    return state._replace(bits=read, times={**state.times, "bits": observed_us})


STATES: Mapping[str, str] = {
    **dict.fromkeys("ABCDEFGhP", "red"),
    **dict.fromkeys("12345678", "green"),
    **dict.fromkeys("NO", "amber"),
    **dict.fromkeys("ab", "dark"),
    "0": "redAmber",
    "9": "greenFlashing",
    "c": "amberFlashing",
}
"""Start-up (e, f, g) and flashing red (d) differ by controller, so what they show is not claimed."""


def signal_state(character: str) -> str:
    """Return what a signal group shows, in the models' word; ``unknown`` for what is not told for sure."""
    return STATES.get(character, "unknown")


def signal_mode(state: ControllerState) -> str | None:
    """Return what controls the signal now (SignalMode); the gravest holds; None while too little is known."""
    if state.switched_on is None and state.group_states is None and state.plan is None:
        return None
    for holds, mode in (
        (state.switched_on is False, "dark"),
        (state.yellow_flash, "flashing"),
        (state.all_red, "allRed"),
        (state.manual or bool(state.police_key), "manual"),
        (state.plan_source == "forced", "central"),
        (state.isolated or state.coordination == "off", "isolated"),
    ):
        if holds:
            return mode
    return "coordinated"


def controller_status(state: ControllerState, *, connected: bool) -> str:
    """Return the models' ControllerStatus: ok, degraded, failed or unreachable."""
    if not connected:
        return "unreachable"
    bits = state.bits or (False,) * BITS
    if bits[2] or state.control_mode == "failure":
        return "failed"
    return "degraded" if bits[3] or bits[4] or state.yellow_flash or state.switched_on is False else "ok"

"""Stand-ins for tests: a device in memory, ids that count, and a wire between two sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Protocol

from samstad_rsmp.session.alarms import AlarmBook, AlarmState
from samstad_rsmp.session.events import Event
from samstad_rsmp.sxl.rows import ObjectType

__all__ = ["PlainDevice", "Wire", "counting_ids"]


def counting_ids(prefix: int = 0) -> Callable[[], str]:
    """Return a maker of UUIDs version 4 that count, so that a test tells the same story each time."""
    numbers: Iterator[int] = count(1)
    return lambda: f"{prefix:08x}-0000-4000-8000-{next(numbers):012x}"


class PlainDevice:
    """A controller with one signal group and one detector logic, whose values a test sets."""

    main_component = "TC"
    components: Mapping[str, ObjectType] = {
        "TC": ObjectType.CONTROLLER,
        "SG1": ObjectType.SIGNAL_GROUP,
        "DL1": ObjectType.DETECTOR_LOGIC,
    }

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], dict[str, Any]] = {
            ("TC", "S0014"): {"status": "1", "source": "startup"},
            ("TC", "S0035"): {"emergencyroutes": []},
            ("DL1", "S0201"): {"starttime": "2026-11-23T07:00:00.000Z", "vehicles": "7"},
        }
        self.clock_ahead_ms: int | None = None
        self.codes = {1: "1111", 2: "2222"}
        self.commands: list[tuple[str, str, dict[str, Any]]] = []
        self.bits = (False, False, False, False, False, True, False, False)
        detector = (("detector", "1"), ("type", "loop"), ("errormode", "on"), ("manual", "False"))
        self.alarms = AlarmBook(
            [
                AlarmState("TC", "A0009", 3),
                AlarmState("SG1", "A0202", 3, values=(("color", "red"),)),
                AlarmState("DL1", "A0301", 3, values=detector),
            ]
        )

    def read_status(
        self, component_id: str, code: str, *, now_ms: int, interval_ms: int = 0
    ) -> Mapping[str, Any] | None:
        """Return what the test has set."""
        del now_ms, interval_ms
        return self.values.get((component_id, code))

    def read_aggregated(self) -> tuple[bool, ...]:
        """Return the bits that the test has set."""
        return self.bits

    def check_code(self, level: int, code: str) -> bool:
        """Compare with the codes of the device."""
        return self.codes[level] == code

    def set_clock(self, time_ms: int, *, now_ms: int) -> None:
        """Note by how much the clock was set."""
        self.clock_ahead_ms = time_ms - now_ms

    def command(self, component_id: str, code: str, values: Mapping[str, Any], *, now_ms: int) -> bool:
        """Note a command; M0021 is one that this device does not have."""
        del now_ms
        if code == "M0021":
            return False
        self.commands.append((component_id, code, dict(values)))
        if code == "M0103":
            self.codes[1 if values["status"] == "Level1" else 2] = values["newSecurityCode"]
        return True


class Session(Protocol):
    """What a wire needs of either end."""

    def receive(self, chunk: bytes, now_ms: int) -> list[Event]:
        """Take bytes."""
        ...

    def tick(self, now_ms: int) -> list[Event]:
        """Let time pass."""
        ...

    def take_output(self) -> bytes:
        """Give bytes."""
        ...


class Wire:
    """Carries bytes between a site and a supervisor until both are silent, and notes what went by.

    Attributes:
        events: what each end told, as (end, event); ends are "site" and "supervisor".
        said: the packets that each end wrote, as (end, packet).
    """

    def __init__(self, site: Session, supervisor: Session) -> None:
        self.events: list[tuple[str, Event]] = []
        self.said: list[tuple[str, bytes]] = []
        self._ends = {"site": site, "supervisor": supervisor}

    def run(self, now_ms: int) -> list[tuple[str, Event]]:
        """Tick both ends, carry everything that is said, and return what happened."""
        begin = len(self.events)
        for name, end in self._ends.items():
            self.events += [(name, event) for event in end.tick(now_ms)]
        while self._carry("site", "supervisor", now_ms) | self._carry("supervisor", "site", now_ms):
            pass
        return self.events[begin:]

    def _carry(self, speaker: str, listener: str, now_ms: int) -> bool:
        chunk = self._ends[speaker].take_output()
        self.said += [(speaker, packet) for packet in chunk.split(b"\x0c") if packet]
        self.events += [(listener, event) for event in self._ends[listener].receive(chunk, now_ms)]
        return bool(chunk)

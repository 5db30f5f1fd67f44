"""Faults that a controller finds itself: stuck detectors, a lost centre, inputs that stand for an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samstad_rsmp.emulator.detectors import DetectorBank
from samstad_rsmp.emulator.ports import Ports
from samstad_rsmp.emulator.settings import Junction
from samstad_rsmp.session.alarms import AlarmBook, AlarmEvent, AlarmState

__all__ = ["FaultFinder"]

Values = tuple[tuple[str, str], ...]
Found = Mapping[tuple[str, str], Values]


class FaultFinder:
    """Raises an alarm when a fault comes and clears it when it goes; alarms of others it leaves alone."""

    def __init__(self, junction: Junction) -> None:
        self._junction = junction
        self._raised: set[tuple[str, str]] = set()
        self._lost_ms: int | None = None

    def forget(self) -> None:
        """Begin anew, as after all alarms were cleared: what is still wrong is raised again."""
        self._raised.clear()

    def look(
        self, alarms: AlarmBook, inputs: Ports, detectors: DetectorBank, *, connected: bool, now_ms: int
    ) -> list[tuple[AlarmEvent, AlarmState]]:
        """Look at everything and return what happened to alarms."""
        found = {
            **dict(self._detectors(detectors, now_ms)),
            **dict(self._link(now_ms, connected=connected)),
            **dict(self._inputs(inputs)),
        }
        return [*self._raise(alarms, found, now_ms), *self._clear(alarms, found, now_ms)]

    def _raise(self, alarms: AlarmBook, found: Found, now_ms: int) -> Iterator[tuple[AlarmEvent, AlarmState]]:
        for where in found.keys() - self._raised:
            self._raised.add(where)
            values = found[where]
            state = alarms.happen(AlarmEvent.ACTIVATE, *where, now_ms=now_ms, values=values)
            if state is not None:
                yield AlarmEvent.ACTIVATE, state

    def _clear(self, alarms: AlarmBook, found: Found, now_ms: int) -> Iterator[tuple[AlarmEvent, AlarmState]]:
        for where in self._raised - found.keys():
            self._raised.discard(where)
            state = alarms.happen(AlarmEvent.CLEAR, *where, now_ms=now_ms)
            if state is not None:
                yield AlarmEvent.CLEAR, state

    def _inputs(self, inputs: Ports) -> Iterator[tuple[tuple[str, str], Values]]:
        for one in self._junction.input_alarms:
            if inputs.is_active(one.input):
                yield (one.component, one.code), tuple(one.values.items())

    def _link(self, now_ms: int, *, connected: bool) -> Iterator[tuple[tuple[str, str], Values]]:
        if connected:
            self._lost_ms = None
            return
        self._lost_ms = now_ms if self._lost_ms is None else self._lost_ms
        limit_s = self._junction.link_alarm_s
        if limit_s and now_ms - self._lost_ms >= limit_s * 1000:
            yield (self._junction.component, "A0007"), (("protocol", "rsmp"),)

    def _detectors(self, detectors: DetectorBank, now_ms: int) -> Iterator[tuple[tuple[str, str], Values]]:
        for one in self._junction.detectors:
            limit_min = one.most_on_min if detectors.is_occupied(one.id) else one.most_off_min
            if limit_min and detectors.unchanged_ms(one.id, now_ms) >= limit_min * 60_000:
                on = detectors.is_occupied(one.id)
                yield (one.id, "A0302"), _stuck(one.id, on=on, forced=detectors.is_forced(one.id))


def _stuck(detector_id: str, *, on: bool, forced: bool) -> Values:
    return (
        ("detector", detector_id),
        ("type", "loop"),
        ("errormode", "on" if on else "off"),
        ("manual", "True" if forced else "False"),
        ("logicerror", "always_on" if on else "always_off"),
    )

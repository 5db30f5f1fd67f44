"""The emulated controller as the device behind a site's sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samstad_rsmp.emulator.commands import COMMANDS
from samstad_rsmp.emulator.controller import Controller, Mode, PoliceKey
from samstad_rsmp.emulator.statuses import STATUSES
from samstad_rsmp.session.alarms import AlarmBook, AlarmEvent, AlarmState
from samstad_rsmp.sxl.rows import ObjectType

__all__ = ["EmulatedDevice"]


class EmulatedDevice:
    """Fills the port ``Device`` with a controller."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    @property
    def main_component(self) -> str:
        """The controller's own component."""
        return self.controller.junction.component

    @property
    def components(self) -> Mapping[str, ObjectType]:
        """Every component id with its kind."""
        return self.controller.components

    @property
    def alarms(self) -> AlarmBook:
        """All alarms with their states."""
        return self.controller.alarms

    @property
    def restarts(self) -> int:
        """How often the controller has restarted."""
        return self.controller.restarts

    def advance(self, now_ms: int, *, connected: bool = True) -> Sequence[tuple[AlarmEvent, AlarmState]]:
        """Let time pass up to now and return what happened to alarms."""
        return self.controller.advance(now_ms, connected=connected)

    def read_status(
        self, component_id: str, code: str, *, now_ms: int, interval_ms: int = 0
    ) -> Mapping[str, Any] | None:
        """Return all values of one status; traffic data over the interval, or the last minute."""
        reader = STATUSES.get(code)
        return reader(self.controller, component_id, now_ms, interval_ms or 60_000) if reader else None

    def read_aggregated(self) -> tuple[bool, ...]:
        """Return the bits: local mode, no link, faults of priority 1 to 3, in use, idle, off."""
        one = self.controller
        first, second, third = one.alarms.aggregated()
        local = one.orders.manual or one.orders.key is not PoliceKey.OFF
        idle = one.mode is Mode.DARK and not local
        return (local, False, first, second, third, not idle, idle, False)

    def check_code(self, level: int, code: str) -> bool:
        """Tell whether a security code is right; code 2 opens what code 1 opens."""
        codes = self.controller.codes
        return code == codes[level] or (level == 1 and code == codes[2])

    def set_clock(self, time_ms: int, *, now_ms: int) -> None:
        """Set the controller's own clock."""
        self.controller.clock_ahead_ms = time_ms - now_ms

    def command(self, component_id: str, code: str, values: Mapping[str, Any], *, now_ms: int) -> bool:
        """Carry out one command; those that the SXL reserves are not there."""
        carry_out = COMMANDS.get(code)
        if carry_out is None:
            return False
        carry_out(self.controller, component_id, values, now_ms)
        return True

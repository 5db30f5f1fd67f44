"""What a site needs of the device behind it: the port that an emulator or a real controller fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from samstad_rsmp.session.alarms import AlarmBook
from samstad_rsmp.sxl.rows import ObjectType

__all__ = ["Device"]


class Device(Protocol):
    """One controller with its components."""

    @property
    def main_component(self) -> str:
        """The component that the aggregated status is about."""
        ...

    @property
    def components(self) -> Mapping[str, ObjectType]:
        """Every component id with its kind."""
        ...

    @property
    def alarms(self) -> AlarmBook:
        """All alarms that it can have, with their states."""
        ...

    def read_status(
        self, component_id: str, code: str, *, now_ms: int, interval_ms: int = 0
    ) -> Mapping[str, Any] | None:
        """Return all values of one status, None when the device does not have it.

        Traffic data are of the interval that ends now; without one the device chooses.
        """
        ...

    def read_aggregated(self) -> tuple[bool, ...]:
        """Return the eight bits of the aggregated status."""
        ...

    def check_code(self, level: int, code: str) -> bool:
        """Tell whether a security code of a level (1 or 2) is right."""
        ...

    def set_clock(self, time_ms: int, *, now_ms: int) -> None:
        """Set the device's own clock to a time that a supervisor told."""
        ...

    def command(self, component_id: str, code: str, values: Mapping[str, Any], *, now_ms: int) -> bool:
        """Carry out one command; False when the device does not have it, RsmpError when it cannot be done."""
        ...

"""What a service is given: it asks nothing of the process around it (I1, I7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from samstad_ngsild.client import Client
from samstad_plugin.service.admission import Caller

__all__ = ["Cell", "Clock", "Counter", "Log", "Metrics", "Surroundings"]

SettingsT = TypeVar("SettingsT")


class Clock(Protocol):
    """Gives the time and waits for it."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        ...

    async def sleep_until(self, time_us: int) -> None:
        """Return when ``now_us()`` has reached the time."""
        ...


class Log(Protocol):
    """A structured log: the event's name, and what belongs to it by name."""

    def debug(self, event: str, **told: Any) -> Any:
        """Write what helps to find faults."""
        ...

    def info(self, event: str, **told: Any) -> Any:
        """Write what an operator may want to know."""
        ...

    def warning(self, event: str, **told: Any) -> Any:
        """Write what an operator should look at."""
        ...

    def error(self, event: str, **told: Any) -> Any:
        """Write what must not happen."""
        ...


class Cell(Protocol):
    """One count that only grows: ``cell.count += 1``."""

    count: int


class Counter(Protocol):
    """Counts by label values."""

    def cell(self, *values: str) -> Cell:
        """Return the cell of these label values; got once, outside of hot paths."""
        ...


class Metrics(Protocol):
    """The metrics of the service's process, for Prometheus; names begin with ``samstad_<service>_``."""

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Add a counter, whose name ends in ``_total``."""
        ...

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> object:
        """Add a value that is asked for at each scrape."""
        ...

    def gauges(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...],
        read: Callable[[], Iterable[tuple[tuple[str, ...], float]]],
    ) -> object:
        """Add a value with labels."""
        ...


class Surroundings(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """Everything that a service gets.

    Attributes:
        settings: its own section, complete and checked.
        data: the node's data directory; a service keeps its databases there as ``<name>.db`` or
            ``<name>-<what>.db``, so that they are in every backup and export.
        client: speaks with the broker in the service's own name, in the default tenant.
        acting_for: returns a client that speaks in the name of who sent a request, so that the broker
            decides by that caller's rights.
        clock: the only clock.
        metrics: of this process.
        log: carries the service's name.
    """

    settings: SettingsT
    data: Path
    client: Client
    acting_for: Callable[[Caller], Client]
    clock: Clock
    metrics: Metrics
    log: Log

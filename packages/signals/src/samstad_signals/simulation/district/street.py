"""The district at real speed: each junction is an emulated controller with links of its own to a supervisor.

Adaptive control runs beside each controller and speaks with its neighbours, not with the supervisor: when
that is gone, every junction goes on. Without libsumo nothing of this can run; SumoMissing says so.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import Clock, new_message_id, system_clock_ms
from samstad_signals.simulation.sumo.controllers import AdaptiveCity
from samstad_signals.simulation.sumo.joined import JoinedJunction
from samstad_signals.simulation.sumo.run import Run, RunTerms, SumoRun

__all__ = ["COLUMNS", "CONFIGURATION", "ROWS", "DistrictStreet", "Terms", "junction_names", "run_district"]

CONFIGURATION = Path(__file__).parent / "district.sumocfg"
COLUMNS, ROWS = 5, 4
STEP_MS = 1_000


def junction_names() -> list[str]:
    """Return the names of the junctions' lights, street by street from the south, each from west to east."""
    return [f"{column}.{row}" for row in range(ROWS) for column in range(COLUMNS)]


@dataclass(frozen=True)
class Terms:
    """How the district runs.

    Attributes:
        site_ids: one for each of ``junction_names()``.
        port, host: where the supervisor awaits controllers.
        zone: of the controllers' day tables.
        seed: of the traffic.
        is_adaptive: whether adaptive control decides, or each controller's own program.
    """

    site_ids: Sequence[str]
    port: int
    host: str = "127.0.0.1"
    zone: tzinfo = UTC
    seed: int = 1
    is_adaptive: bool = True


class DistrictStreet:
    """The simulation and its controllers; ``step`` lets one second pass in both."""

    def __init__(self, terms: Terms, *, into: Path, clock: Clock = system_clock_ms) -> None:
        self._clock = clock
        self.sumo = SumoRun(CONFIGURATION, RunTerms(seed=terms.seed, seconds=None), into=into)
        sites = dict(zip(junction_names(), terms.site_ids, strict=True))
        self.controllers = {
            name: Controller(
                msgspec.structs.replace(self.sumo.junctions[name].junction, site_id=site, start_s=(3, 3, 5)),
                zone=terms.zone,
                own_traffic=False,
            )
            for name, site in sites.items()
        }
        self.sumo.join(
            {name: JoinedJunction(self.sumo.junctions[name], one) for name, one in self.controllers.items()}
        )
        self.city = AdaptiveCity(self.sumo.junctions) if terms.is_adaptive else None

    def client(self, name: str, terms: Terms) -> SiteClient:
        """Return the links of one controller."""
        controller = self.controllers[name]
        device = EmulatedDevice(controller)
        site_id = controller.junction.site_id
        session = SiteSession(device, SiteTerms(Identity((site_id,))), new_id=new_message_id)
        pace = Pace(tick_ms=500, first_s=0.5, most_s=3.0)
        peer = Supervisor(session, host=terms.host, port=terms.port)
        return SiteClient(device, [peer], clock=self._clock, pace=pace)

    def step(self) -> None:
        """Let a second pass in the street; the controllers' own time is that of their clock."""
        self.sumo.step(self.city, now_ms=self._clock())

    def close(self) -> Run:
        """End the simulation and return what was seen."""
        return self.sumo.close()


async def run_district(
    terms: Terms, ended: asyncio.Event, *, controllers: Mapping[str, Controller] | None = None
) -> Run:
    """Run until the event is set; a dict of ``controllers`` is filled by the name of their lights."""
    with tempfile.TemporaryDirectory(prefix="samstad-district-") as folder:
        street = DistrictStreet(terms, into=Path(folder))
        if isinstance(controllers, dict):
            controllers.update(street.controllers)
        running = [asyncio.create_task(street.client(name, terms).run()) for name in street.controllers]
        try:
            await _keep_time(street, ended)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            run = street.close()
    return run


async def _keep_time(street: DistrictStreet, ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while not ended.is_set():
        street.step()
        due_s = max(due_s + STEP_MS / 1000, loop.time())  # a second that is lost stays lost
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), max(0.001, due_s - loop.time()))

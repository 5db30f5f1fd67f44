"""Emulated signal controllers, which speak RSMP with the demo's node.

Run as ``python -m samstad_node.demo.emulated PORT``; it ends when its standard input does. Killing the node's
role for signals leaves every junction running its local program.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from zoneinfo import ZoneInfo

from samstad_node.demo.junctions import FAULTY, JUNCTIONS
from samstad_node.demo.life import FAULT_AFTER_S
from samstad_node.supervisor.lifeline import follow_lifeline
from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id

__all__ = ["run_street"]

_TICK_MS = 1_000
_STUCK_INPUT = 7


async def run_street(port: int) -> None:
    """Run all junctions until the lifeline ends."""
    zone = ZoneInfo("Europe/Stockholm")
    clients = []
    faulty: Controller | None = None
    for number, one in enumerate(JUNCTIONS, start=1):
        controller = Controller(example_junction(one.site_id, seed=number), zone=zone)
        device = EmulatedDevice(controller)
        session = SiteSession(device, SiteTerms(Identity((one.site_id,))), new_id=new_message_id)
        pace = Pace(tick_ms=_TICK_MS, first_s=0.5, most_s=3.0)
        clients.append(SiteClient(device, [Supervisor(session, port=port)], pace=pace))
        faulty = controller if one is FAULTY else faulty
    ended = asyncio.Event()
    follow_lifeline(sys.stdin.fileno(), asyncio.get_running_loop(), ended.set)
    running = [asyncio.create_task(client.run()) for client in clients]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), FAULT_AFTER_S)
    if faulty is not None:
        faulty.inputs.see(_STUCK_INPUT, active=True)
    await ended.wait()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(run_street(int(sys.argv[1])))

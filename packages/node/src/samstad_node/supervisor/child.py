"""Inside a role's process: begin, beat, run, end; never outlive the supervisor."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
import uvloop

from samstad_node.clock import SystemClock
from samstad_node.observe import Metrics, configure_logging
from samstad_node.supervisor.channel import Beat, Ready, Refused, Report, Start, decode_start, encode
from samstad_node.supervisor.interpreter import tune_interpreter
from samstad_node.supervisor.lifeline import follow_lifeline
from samstad_node.supervisor.memory import bound_own_memory
from samstad_node.supervisor.role import Role, RoleContext, RoleMain, RoleRefused

__all__ = ["role_main"]

PR_SET_PDEATHSIG = 1


def role_main(arguments: Sequence[str], roles: Mapping[str, Role]) -> int:
    """Run the role that the supervisor asked for; ``arguments`` are its name and two pipe ends.

    Returns the exit code: 0 after a stop, the refusal's own, or 1 with the traceback in the log.
    """
    name, lifeline, reports = arguments[0], int(arguments[1]), int(arguments[2])
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    start = decode_start(_first_line(lifeline))
    settings = start.settings
    configure_logging(format=settings.log.format, level=settings.log.level, role=name)
    bound_own_memory(settings.roles.memory_mib)
    tune_interpreter()
    os.set_blocking(reports, False)
    log = structlog.get_logger()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_live(roles[name].load(), start, lifeline=lifeline, reports=reports))
    except RoleRefused as refusal:
        _report(reports, Refused(refusal.detail, refusal.todo, refusal.exit_code))
        return refusal.exit_code
    except Exception:  # the last stop: told in full, then the supervisor starts us again
        log.exception("role.crashed")
        return 1
    return 0


async def _live(run: RoleMain, start: Start, *, lifeline: int, reports: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    deadline_s = start.settings.roles.stop_deadline_s
    follow_lifeline(lifeline, loop, stop.set, afterwards=lambda: _end_within(deadline_s))
    context = RoleContext(
        name=start.role,
        data=Path(start.data),
        settings=start.settings,
        clock=SystemClock(),
        metrics=Metrics(),
        log=structlog.get_logger(),
        stop=stop,
        ready=lambda ports: _report(reports, Ready(dict(ports))),
    )
    beating = asyncio.create_task(_beat(reports, start.settings.roles.heartbeat_interval_s))
    try:
        await run(context)
    finally:
        beating.cancel()


async def _beat(reports: int, interval_s: float) -> None:
    while True:
        _report(reports, Beat())
        await asyncio.sleep(interval_s)


def _report(reports: int, report: Report) -> None:
    """Write without waiting: a full pipe means that the supervisor does not read, and a beat may be lost."""
    try:
        os.write(reports, encode(report))
    except (BlockingIOError, BrokenPipeError):
        return


def _first_line(lifeline: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(lifeline, 65536)
        if not part:
            raise SystemExit(1)
        line += part
    return line


def _end_within(deadline_s: float) -> None:
    """End in any case when stopping takes too long."""
    threading.Event().wait(deadline_s)
    os._exit(1)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; what was acknowledged is durable anyway (I3)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

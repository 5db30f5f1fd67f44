"""One role's process from the supervisor's side: started, watched, started again, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from samstad_node.settings.sections import RolesSettings
from samstad_node.supervisor.backoff import Backoff
from samstad_node.supervisor.channel import Ready, Refused, Start, decode_report, encode
from samstad_node.supervisor.memory import resident_mib
from samstad_node.supervisor.runfile import RoleState, RunningRole

__all__ = ["RoleProcess"]


@dataclass(slots=True)
class _Run:
    """One life of the process."""

    process: asyncio.subprocess.Process
    lifeline: int
    began: float
    last_beat: float
    ready: bool = False
    reason: str | None = None
    """Why the supervisor ended it, None while it did not."""


@dataclass(slots=True)
class RoleProcess:
    """Keeps one role alive until it is stopped.

    Attributes:
        command: what is executed; the role's name and two pipe ends are added.
        start: what the process is told.
        seen: the role's row of run.json, kept up to date; ``changed`` is called after each change.
        refused: the refusal that ended the first start, None when there was none.
    """

    command: Sequence[str]
    start: Start
    backoff: Backoff
    changed: Callable[[], None]
    seen: RunningRole = field(default_factory=RunningRole)
    refused: Refused | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _run: _Run | None = None
    _was_ready: bool = False

    @property
    def limits(self) -> RolesSettings:
        """What the settings demand of every role."""
        return self.start.settings.roles

    async def keep(self) -> None:
        """Start, watch and start again; return when stopped, or when the first start was refused."""
        log = structlog.get_logger().bind(role=self.start.role)
        while not self._stopping.is_set():
            ran_s, end = await self._live(log)
            self.seen.pid, self.seen.ports, self.seen.last_end = None, {}, end
            if self._stopping.is_set() or (self.refused is not None and not self._was_ready):
                break
            wait_s = self.backoff.wait_s(ran_s=ran_s)
            log.warning("role.ended", why=end, ran_s=round(ran_s, 3), restart_in_s=round(wait_s, 3))
            self._change(RoleState.WAITING)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            self.seen.restarts += 1
        self._change(RoleState.STOPPED)

    async def stop(self) -> None:
        """Ask the process to end, and end it when it takes longer than ``stop_deadline_s``."""
        self._stopping.set()
        if self._run is not None:
            await self._end(self._run, "stopped")

    def kill(self) -> None:
        """End the process at once."""
        self._stopping.set()
        if self._run is not None:
            _signal(self._run.process, signal.SIGKILL)

    async def _live(self, log: structlog.typing.FilteringBoundLogger) -> tuple[float, str]:
        """Run the process once; return how long it ran and why it ended."""
        loop = asyncio.get_running_loop()
        try:
            run, reports = await self._spawn()
        except OSError as error:  # no memory, no descriptors, no program: as likely to pass as a crash
            return 0.0, f"could not be started: {error}"
        self._run, self.seen.pid = run, run.process.pid
        if self._stopping.is_set():  # asked to stop while it was being made
            _signal(run.process, signal.SIGKILL)
        self._change(RoleState.STARTING)
        log.info("role.started", pid=run.process.pid)
        helpers = [
            asyncio.create_task(self._listen(run, reports, log)),
            asyncio.create_task(self._watch(run)),
        ]
        try:
            code = await run.process.wait()
            await asyncio.wait(helpers[:1], timeout=1)  # its last words may still be in the pipe
        finally:
            self._run = None
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            os.close(run.lifeline)
        return loop.time() - run.began, run.reason or _told(code)

    async def _spawn(self) -> tuple[_Run, int]:
        child_lifeline, lifeline = os.pipe()
        reports, child_reports = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                self.start.role,
                str(child_lifeline),
                str(child_reports),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(child_lifeline, child_reports),
            )
        except OSError:
            os.close(lifeline)
            os.close(reports)
            raise
        finally:
            os.close(child_lifeline)
            os.close(child_reports)
        with contextlib.suppress(BrokenPipeError):
            os.write(lifeline, encode(self.start))
        now = asyncio.get_running_loop().time()
        return _Run(process, lifeline, began=now, last_beat=now), reports

    async def _listen(self, run: _Run, reports: int, log: structlog.typing.FilteringBoundLogger) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(reports, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while line := await reader.readline():
                run.last_beat = loop.time()
                self._hear(run, line, log)
        finally:
            transport.close()

    def _hear(self, run: _Run, line: bytes, log: structlog.typing.FilteringBoundLogger) -> None:
        try:
            report = decode_report(line)
        except msgspec.DecodeError:
            log.warning("role.unreadable_report", line=line[:200])
            return
        if isinstance(report, Ready):
            run.ready = self._was_ready = True
            self.seen.ports = report.ports
            self._change(RoleState.READY)
            log.info("role.ready", ports=report.ports)
        elif isinstance(report, Refused):
            self.refused = report
            log.error("role.refused", detail=report.detail, todo=report.todo)

    async def _watch(self, run: _Run) -> None:
        """End a run that hangs, does not get ready or holds too much memory."""
        loop = asyncio.get_running_loop()
        pause_s = min(self.limits.heartbeat_interval_s, 1.0)
        while True:
            looked = loop.time()
            await asyncio.sleep(pause_s)
            late_s = loop.time() - looked - pause_s
            if late_s > pause_s:  # the machine stood still, and the role with it: nobody was silent
                run.last_beat += late_s
            why = self._fault(run, loop.time())
            if why is not None:
                await self._end(run, why, at_once=why.startswith("hung"))
                return

    def _fault(self, run: _Run, now: float) -> str | None:
        limits = self.limits
        if now - run.last_beat > (limits.heartbeat_deadline_s if run.ready else limits.start_deadline_s):
            return f"hung: silent for {now - run.last_beat:.1f} s"
        if not run.ready and now - run.began > limits.start_deadline_s:
            return f"not ready after {limits.start_deadline_s:g} s"
        held_mib = resident_mib(run.process.pid) if limits.memory_mib else None
        if held_mib is not None and held_mib > limits.memory_mib:
            return f"memory: holds {held_mib:.0f} MiB, more than {limits.memory_mib}"
        return None

    async def _end(self, run: _Run, why: str, *, at_once: bool = False) -> None:
        run.reason = run.reason or why
        _signal(run.process, signal.SIGKILL if at_once else signal.SIGTERM)
        try:
            await asyncio.wait_for(run.process.wait(), self.limits.stop_deadline_s)
        except TimeoutError:
            run.reason = f"{why}; killed after {self.limits.stop_deadline_s:g} s"
            _signal(run.process, signal.SIGKILL)
            await run.process.wait()

    def _change(self, state: RoleState) -> None:
        self.seen.state = state
        self.changed()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _told(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"

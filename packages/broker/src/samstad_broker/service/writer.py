"""The one writer of a shard: rows of many callers in one commit, acknowledged when it is durable (I3).

A group opens with its first row and closes after ``group_us`` or ``group_bytes``, and never before the
group ahead of it is durable. State changes at once, when a row is staged, so that the next write builds
on it; a reader may therefore see a value some milliseconds before it is durable. When a commit fails,
everything staged since is undone in reverse order and every caller is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.store import Log, LogFull, LogUnavailable, StoreError

__all__ = ["Draft", "Durable", "Overloaded", "Writer", "WriterLimits"]

_ROW_OVERHEAD_BYTES = 200


class Overloaded(StoreError):
    """More is staged than the node holds for the disk: the caller should come again (503, Retry-After)."""


class Durable:
    """Awaited, returns when the rows of a group are durable, or raises what their commit raised.

    Many callers await one group. One that is cancelled, because its client went away, must not take the
    others' answer with it: each waits behind a shield.
    """

    __slots__ = ("_done",)

    def __init__(self, done: asyncio.Future[None]) -> None:
        self._done = done

    def __await__(self) -> Generator[Any, None, None]:
        if self._done.done():
            return self._done.__await__()
        return asyncio.shield(self._done).__await__()


class Draft(NamedTuple):
    """A row before it has a position, and how to take its effect on the state back."""

    kind: RowKind
    time_us: int
    tenant: str
    snapshot: str
    subject: str
    payload: bytes
    undo: Callable[[], None] | None
    matched: tuple[str, ...] = ()
    document: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterLimits:
    """Bounds of the writer.

    Attributes:
        group_us: how long a group may stay open, microseconds.
        group_bytes: at how many bytes a group closes.
        staged_bytes: how much may wait for the disk before writes answer 503.
    """

    group_us: int = 2_000
    group_bytes: int = 256 * 1024
    staged_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class _Group:
    done: asyncio.Future[None]
    opened_us: int
    rows: list[Row] = field(default_factory=list)
    undos: list[Callable[[], None] | None] = field(default_factory=list)
    bytes: int = 0
    durable: Durable = field(init=False)

    def __post_init__(self) -> None:
        self.durable = Durable(self.done)


class Writer:
    """Gives rows their positions and brings them to the log in groups.

    Args:
        log: where rows become durable.
        clock: for the time that a group stays open.
        limits: bounds.
    """

    def __init__(self, log: Log, clock: Clock, limits: WriterLimits | None = None) -> None:
        self._log = log
        self._clock = clock
        self._limits = limits or WriterLimits()
        self._waiting: deque[_Group] = deque()
        self._committing: _Group | None = None
        self._opened = asyncio.Event()
        self._listeners: list[Callable[[Sequence[Row]], None]] = []
        self._staged_bytes = 0
        self._last = log.head
        self.broken: LogUnavailable | None = None

    @property
    def last(self) -> Position:
        """The position of the last row that was staged; durable once ``flushed`` returns."""
        return self._last

    def listen(self, listener: Callable[[Sequence[Row]], None]) -> None:
        """Call ``listener`` with the rows of every group after it became durable."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raise what a write would be refused with: call it before the state is changed.

        Raises:
            Overloaded: too much waits for the disk.
            LogUnavailable: the log failed; the role must restart.
        """
        if self.broken is not None:
            raise LogUnavailable(str(self.broken))
        if self._staged_bytes > self._limits.staged_bytes:
            raise Overloaded("The node receives more than its disk takes at present; send again in a second.")

    def stage(self, draft: Draft) -> Durable:
        """Give a row its position and return when its group is durable; the state shows it already.

        Awaiting it raises the StoreError of the commit, after the row's effect was undone.
        """
        group = self._open_group()
        self._last = Position(self._last.epoch, self._last.number + 1)
        kind, time_us, tenant, snapshot, subject, payload, undo, matched, document = draft
        group.rows.append(
            Row(self._last, time_us, kind, tenant, snapshot, subject, payload, matched, document)
        )
        group.undos.append(undo)
        size = len(payload) + len(document or b"") + _ROW_OVERHEAD_BYTES
        group.bytes += size
        self._staged_bytes += size
        return group.durable

    def _open_group(self) -> _Group:
        if self._waiting and self._waiting[-1].bytes < self._limits.group_bytes:
            return self._waiting[-1]
        group = _Group(asyncio.get_running_loop().create_future(), self._clock.now_us())
        self._waiting.append(group)
        self._opened.set()
        return group

    async def flushed(self) -> None:
        """Return when everything staged so far is durable; raises what its commit raised."""
        last = self._waiting[-1] if self._waiting else self._committing
        if last is not None:
            await asyncio.shield(last.done)

    async def run(self) -> None:
        """Commit groups until cancelled; a failing log ends it after every caller was told."""
        while self.broken is None:
            await self._opened.wait()
            # A group stays open for callers that arrive together, unless the next one has begun.
            if len(self._waiting) == 1:
                await self._clock.sleep_until(self._waiting[0].opened_us + self._limits.group_us)
            await self._commit_next()

    async def _commit_next(self) -> None:
        group = self._committing = self._waiting.popleft()
        if not self._waiting:
            self._opened.clear()
        try:
            await self._log.append(group.rows, expected_version=self._log.head)
        except StoreError as error:
            self._fail(error)
            return
        self._committing = None
        self._staged_bytes -= group.bytes
        for listener in self._listeners:
            listener(group.rows)
        group.done.set_result(None)

    def _fail(self, error: StoreError) -> None:
        """Undo everything staged, newest first, and tell every caller."""
        groups = [group for group in (self._committing, *self._waiting) if group is not None]
        self._committing = None
        self._waiting.clear()
        self._opened.clear()
        for group in reversed(groups):
            for undo in reversed(group.undos):
                if undo is not None:
                    undo()
        self._staged_bytes = 0
        self._last = self._log.head
        if not isinstance(error, LogFull):
            self.broken = error if isinstance(error, LogUnavailable) else LogUnavailable(str(error))
        for group in groups:
            group.done.set_exception(error)
            group.done.exception()  # a caller that went away leaves nobody to read it

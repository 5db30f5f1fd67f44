"""A lane: one thread that does what the event loop asks, one thing after the other.

SQLite connections live in lanes. Each job comes back to the loop with one ``call_soon_threadsafe``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from samstad_broker.spi.store import LogUnavailable

__all__ = ["Lane"]

T = TypeVar("T")

_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Lane:
    """A named thread with a queue; may be started again after it was stopped."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread; nothing happens when it runs."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    async def stop(self) -> None:
        """Return when everything asked for is done and the thread has ended."""
        if self._thread is not None:
            await self.submit(lambda: None)
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Queue a job and return the future of its result; cancelling the future does not stop the job.

        Raises:
            LogUnavailable: the lane was stopped, so that nobody would ever do the job.
        """
        if self._thread is None:
            raise LogUnavailable(f"{self._name} is not open.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((loop, future, work))
        return future

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, future, work = job
            result: Any = None
            error: Exception | None = None
            try:
                result = work()
            except Exception as failure:  # noqa: BLE001 - whatever it is, the caller is told
                error = failure
            # A loop that was closed has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)

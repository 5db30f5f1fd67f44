"""Processes that run codecs: frames of one codec go together, codecs take turns, nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from samstad_devices.domain.codec import Codec, Decoded, Encoded, Frame
from samstad_devices.domain.errors import CodecExceeded, CodecThrew
from samstad_devices.gateway.codecs.breaker import Breaker
from samstad_devices.gateway.codecs.limits import CodecLimits
from samstad_devices.gateway.codecs.process import Answer, CodecProcess, ProcessEnded
from samstad_devices.gateway.codecs.verdicts import VERDICTS

__all__ = ["CodecPool"]

_Job = tuple[str, str, "asyncio.Future[Answer]"]
_MAX_DOWNLINK_BYTES = 242


class CodecPool:
    """Runs codecs; fills the CodecRunner port.

    Args:
        limits: of codecs and processes.
        now_us: the clock, for pauses.
    """

    def __init__(self, limits: CodecLimits, *, now_us: Callable[[], int]) -> None:
        self._limits = limits
        self._now_us = now_us
        self._breaker = Breaker(limits)
        self._codecs: OrderedDict[str, tuple[Codec, deque[_Job]]] = OrderedDict()
        self._waiting = 0
        self._offered = asyncio.Condition()
        self._processes = [CodecProcess(limits) for _ in range(limits.processes)]
        self._runs = 0

    async def decode(self, codec: Codec, frame: Frame) -> Decoded:
        """Return what an uplink means; see the port."""
        found = await self._run(codec, "decodeUplink", _uplink_input(frame))
        return Decoded(found["data"], tuple(found["warnings"]))

    async def encode(self, codec: Codec, data: Any, *, port: int | None = None) -> Encoded:
        """Return the downlink that says ``data`` to the device; see the port."""
        given = {"data": data, "fPort": port, "variables": {}}
        found = await self._run(codec, "encodeDownlink", given)
        return _encoded(found, port)

    async def run(self, codec: Codec, operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run any operation of ``sandbox.OPERATIONS``; the answer has ``data`` and ``warnings``."""
        return await self._run(codec, operation, given)

    async def _run(self, codec: Codec, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        verdict, text = await self._answer(codec, operation, orjson.dumps(given).decode())
        self._breaker.note(codec.digest, exceeded=verdict == "exceeded", now_us=self._now_us())
        if verdict != "ok":
            raise VERDICTS[verdict](text)
        found: dict[str, Any] = orjson.loads(text)
        if "errors" in found:
            raise CodecThrew("The codec refuses the frame: " + "; ".join(found["errors"])[:500])
        return {"data": found.get("data"), "warnings": found["warnings"]}

    async def _answer(self, codec: Codec, operation: str, text: str) -> Answer:
        if self._breaker.paused_until(codec.digest, self._now_us()) is not None:
            raise CodecExceeded(
                f"The codec went beyond its limits {self._limits.failures} times and is paused for "
                f"{self._limits.pause_s:g} s; the frame is kept."
            )
        if self._waiting >= self._limits.waiting:
            raise CodecExceeded(f"{self._waiting} frames wait for a codec, as many as may.")
        job: _Job = (operation, text, asyncio.get_running_loop().create_future())
        _, jobs = self._codecs.setdefault(codec.digest, (codec, deque()))
        jobs.append(job)
        self._waiting += 1
        async with self._offered:
            self._offered.notify()
        return await job[2]

    async def run_processes(self) -> None:
        """Work until cancelled; then the processes are gone."""
        try:
            async with asyncio.TaskGroup() as group:
                for process in self._processes:
                    group.create_task(self._work(process))
        finally:
            await asyncio.gather(*(process.close() for process in self._processes))

    async def _work(self, process: CodecProcess) -> None:
        while True:
            async with self._offered:
                await self._offered.wait_for(lambda: self._codecs)
                codec, jobs = self._take()
            await self._serve(process, codec, jobs)

    def _take(self) -> tuple[Codec, list[_Job]]:
        """Take the next codec's turn; one with more frames than a batch goes to the end of the line."""
        digest, (codec, waiting) = self._codecs.popitem(last=False)
        jobs = [waiting.popleft() for _ in range(min(len(waiting), self._limits.batch))]
        if waiting:
            self._codecs[digest] = (codec, waiting)
        self._waiting -= len(jobs)
        return codec, [job for job in jobs if not job[2].done()]

    async def _serve(self, process: CodecProcess, codec: Codec, jobs: list[_Job]) -> None:
        try:
            if jobs:
                await self._ask(process, codec, jobs)
        except ProcessEnded as error:
            if len(jobs) == 1:
                _settle(jobs[0], ("exceeded", f"The codec brought down the process that ran it: {error}."))
                return
            # One of them did it, and only that one shall fail.
            for job in jobs:
                await self._serve(process, codec, [job])
        except asyncio.CancelledError:
            for _, _, answered in jobs:
                answered.cancel()
            raise

    async def _ask(self, process: CodecProcess, codec: Codec, jobs: list[_Job]) -> None:
        answers = await process.ask(codec.digest, codec.source, [(job[0], job[1]) for job in jobs])
        self._runs += len(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            _settle(job, answer)

    def figures(self) -> Mapping[str, int]:
        """Return counts for metrics."""
        return {
            "runs": self._runs,
            "waiting": self._waiting,
            "paused": self._breaker.paused,
            "process_starts": sum(process.starts for process in self._processes),
        }


def _settle(job: _Job, answer: Answer) -> None:
    if not job[2].done():
        job[2].set_result(answer)


def _uplink_input(frame: Frame) -> dict[str, Any]:
    return {
        "bytes": list(frame.payload),
        "fPort": frame.port or 0,
        "recvTime": frame.time_us // 1_000,
        "variables": dict(frame.variables),
    }


def _encoded(found: Mapping[str, Any], port: int | None) -> Encoded:
    data = found["data"]
    chosen = data.get("fPort") or port or 1
    try:
        payload = bytes(data["bytes"])
    except (TypeError, ValueError):
        raise CodecThrew("The codec's bytes are no numbers from 0 to 255.") from None
    if len(payload) > _MAX_DOWNLINK_BYTES or not isinstance(chosen, int) or not 1 <= chosen <= 223:
        raise CodecThrew(f"The codec gives {len(payload)} bytes for port {chosen}, which no downlink holds.")
    return Encoded(payload, chosen, tuple(found["warnings"]))

"""One worker process, seen from outside: asked in batches, killed when it hangs, started again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from samstad_devices.gateway.codecs.limits import CodecLimits

__all__ = ["Answer", "CodecProcess", "ProcessEnded"]

Answer = tuple[str, str]
"""Verdict and text: ``ok`` with the answer's JSON, or a verdict of ``VERDICTS`` with the reason."""

_GRACE_S = 5.0
"""Beyond the time of all frames and of loading: a process that is silent for longer hangs."""
_LARGEST_ANSWER = 64 * 1024 * 1024


class ProcessEnded(Exception):
    """The process died or was killed before it answered; what it was asked may be asked again."""


class CodecProcess:
    """A process that runs codecs; it is started with the first question."""

    def __init__(self, limits: CodecLimits) -> None:
        self._limits = limits
        self._arguments = orjson.dumps(asdict(limits)).decode()
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def ask(self, digest: str, source: str, jobs: Sequence[tuple[str, str]]) -> list[Answer]:
        """Run jobs of one codec and return an answer for each.

        Raises:
            ProcessEnded: it died, or was killed because it did not answer in time.
        """
        process = await self._running()
        patience_s = _GRACE_S + self._limits.time_ms / 1000 * (len(jobs) + 20)
        try:
            async with asyncio.timeout(patience_s):
                found = await self._exchange(process, [digest, None, jobs])
                if found is None or ["again", ""] in found:
                    found = await self._exchange(process, [digest, source, jobs]) or []
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.close()
            raise ProcessEnded(str(error) or type(error).__name__) from error
        except BaseException:
            # Half an answer may still be under way: nobody could tell it from the next one.
            await self.close()
            raise
        return [(verdict, text) for verdict, text in found]

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "samstad_devices.gateway.codecs.worker",
                self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**20,
            )
        return self._process

    @staticmethod
    async def _exchange(process: asyncio.subprocess.Process, request: object) -> list[list[str]] | None:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise OSError("The process has no pipes.")
        body = orjson.dumps(request)
        requests.write(len(body).to_bytes(4, "big") + body)
        await requests.drain()
        size = int.from_bytes(await answers.readexactly(4), "big")
        if size > _LARGEST_ANSWER:
            raise ValueError(f"The process announces {size} bytes.")
        found: list[list[str]] | None = orjson.loads(await answers.readexactly(size))
        return found

    async def close(self) -> None:
        """Kill the process, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

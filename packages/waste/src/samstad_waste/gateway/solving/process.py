"""The worker process seen from the role: asked one day at a time, killed when it hangs, started again."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec

from samstad_waste.domain.errors import PlanRefused
from samstad_waste.domain.routing import Problem, Solved
from samstad_waste.spi.solver import SolverAway

__all__ = ["SolverProcess"]

_GRACE_S = 60.0
_LARGEST_ANSWER = 256 * 1024 * 1024


class SolverProcess:
    """Fills the Solver port."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self.starts = 0

    async def solve(self, problem: Problem) -> Solved:
        """Return the routes; raises as the port says."""
        problem.check()
        async with self._turn:
            patience_s = _GRACE_S + 12 * problem.seconds_of_search
            try:
                async with asyncio.timeout(patience_s):
                    told = await self._exchange(await self._running(), problem)
            except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
                await self.close()
                raise SolverAway(f"No plan came of it ({type(error).__name__}): try again.") from error
            except BaseException:
                # Half an answer may be under way: nobody could tell it from the next one.
                await self.close()
                raise
        if told[0] == "refused":
            raise PlanRefused(told[1], pointer=told[2])
        return msgspec.convert(told[1], Solved)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "samstad_waste.gateway.solving.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._process

    @staticmethod
    async def _exchange(process: asyncio.subprocess.Process, problem: Problem) -> list[Any]:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise OSError("the process has no pipes")
        body = msgspec.json.encode(problem)
        requests.write(len(body).to_bytes(4, "big") + body)
        await requests.drain()
        size = int.from_bytes(await answers.readexactly(4), "big")
        if size > _LARGEST_ANSWER:
            raise ValueError(f"the process announces {size} bytes")
        found: list[Any] = msgspec.json.decode(await answers.readexactly(size))
        return found

    async def close(self) -> None:
        """Kill the process, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

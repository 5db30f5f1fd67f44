"""The task of snapshots: fills those that wait, ends those whose time has come, sweeps what they leave.

A snapshot that was being filled when the node ended is marked as failed at the next start and not tried
again: what ended the node may have been its filling.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from samstad_broker.domain.snapshots import PREPARING
from samstad_broker.service.snapshots.filling import clear, fill, settle
from samstad_broker.service.snapshots.snapshots import COLLECTION, Job, Snapshots
from samstad_broker.spi.store import StoreError
from samstad_ngsild.errors import InternalError

__all__ = ["SnapshotTask"]

_SECOND_US = 1_000_000
_FIRST_WAIT_US = _SECOND_US
_LONGEST_WAIT_US = 30 * _SECOND_US
_NOTE_USES_US = 60 * _SECOND_US


class SnapshotTask:
    """The task of one shard.

    Attributes:
        filled: snapshots filled since the start, whatever came of it.
        failures: turns that the log did not take since the last one that it did.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._clock = snapshots.broker.clock
        self._uses_due_us = self._clock.now_us() + _NOTE_USES_US
        self.filled = 0
        self.failures = 0

    async def run(self) -> None:
        """Work until cancelled."""
        state = self._snapshots.broker.state
        for known, _ in list(state.datasets()):
            state.forget(*known)  # the log tells also of those that have ended
        await self._until_taken(self._fail_interrupted)
        while True:
            self._snapshots.wake.clear()
            await self._until_taken(self._end_expired)
            await self._until_taken(self._note_uses)
            if self._snapshots.jobs:
                await self._fill(self._snapshots.jobs.popleft())
            elif (key := self._snapshots.left_behind()) is not None:
                await self._until_taken(partial(clear, self._snapshots, key))
            else:
                await self._sleep()

    async def _fill(self, job: Job) -> None:
        if not self._snapshots.is_current(job):
            return
        outcome = await fill(self._snapshots, job)
        self.filled += 1
        if outcome is None:
            return

        async def write_down() -> None:
            stored = await settle(self._snapshots, job, outcome)
            if stored is not None:
                self._snapshots.tell(job.call.tenant, stored, None)

        await self._until_taken(write_down)

    async def _until_taken(self, work: Any) -> None:
        """Do something that writes; where the log does not take it, again after a while."""
        self.failures = 0
        while True:
            try:
                await work()
            except StoreError:
                wait_us = min(_FIRST_WAIT_US << min(self.failures, 10), _LONGEST_WAIT_US)
                self.failures += 1
                await self._clock.sleep_until(self._clock.now_us() + wait_us)
            else:
                self.failures = 0
                return

    async def _fail_interrupted(self) -> None:
        problem = InternalError("The node ended while it took the snapshot. Create it again.").problem()
        snapshots = self._snapshots
        waiting = {(job.call.tenant, job.call.snapshot) for job in snapshots.jobs}
        for tenant, snapshot_id, stored in self._all():
            if stored["status"] == PREPARING and (tenant, snapshot_id) not in waiting:
                details = [{"resultStatus": "failure", "problemDetails": problem}]
                async with snapshots.lock:
                    kept = await snapshots.settle(tenant, {**stored, "status": "failure", "details": details})
                snapshots.tell(tenant, kept, None)

    async def _end_expired(self) -> None:
        snapshots = self._snapshots
        for tenant, snapshot_id, _ in self._all():
            async with snapshots.lock:
                stored = snapshots.documents.get(tenant, COLLECTION, snapshot_id)
                if stored is None or stored["expiresUs"] > self._clock.now_us():
                    continue
                await snapshots.end(tenant, snapshot_id)
            snapshots.tell(tenant, stored, None)

    async def _note_uses(self) -> None:
        """Write down when snapshots were used, once a minute: a row for each use would be too many."""
        if self._clock.now_us() < self._uses_due_us:
            return
        self._uses_due_us = self._clock.now_us() + _NOTE_USES_US
        snapshots = self._snapshots
        for tenant, snapshot_id in list(snapshots.used):
            async with snapshots.lock:
                stored = snapshots.documents.get(tenant, COLLECTION, snapshot_id)
                used_us = snapshots.used.pop((tenant, snapshot_id), 0)
                if stored is not None and used_us > stored["usedUs"]:
                    await snapshots.keep(tenant, {**stored, "usedUs": used_us})

    def _all(self) -> list[tuple[str, str, Any]]:
        snapshots = self._snapshots
        return [
            (tenant, snapshot_id, stored)
            for tenant in snapshots.broker.state.tenants()
            for snapshot_id, stored in snapshots.documents.list(tenant, COLLECTION)
        ]

    async def _sleep(self) -> None:
        ends = [stored["expiresUs"] for _, _, stored in self._all()]
        if self._snapshots.used:
            ends.append(self._uses_due_us)
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._snapshots.wake.wait())]
        if ends:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(min(ends))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

"""Telling endpoints what became of snapshots (clauses 5.3.4, 5.16.6).

An endpoint is told the latest status, at least once: a snapshot keeps with it whether its endpoint knows, so
that a node that was killed tells again. One slow endpoint delays no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from samstad_broker.domain.snapshots import notification_body
from samstad_broker.service.snapshots.snapshots import COLLECTION, Snapshots
from samstad_broker.spi.notifier import Notice, Notifier, Result
from samstad_broker.spi.store import StoreError
from samstad_ngsild.context import CORE

__all__ = ["SnapshotNoticeSettings", "SnapshotNotices"]

_SECOND_US = 1_000_000
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotNoticeSettings:
    """How patient it is.

    Attributes:
        timeout_us: one attempt takes so long at most.
        pause_us: before the second attempt; doubled for each further one.
        attempts: a notice that failed so often is given up, and counted.
        waiting: endpoints that are told at once; more are given up, and counted.
    """

    timeout_us: int = 10 * _SECOND_US
    pause_us: int = _SECOND_US
    attempts: int = 8
    waiting: int = 1_000


class _Told(NamedTuple):
    stored: Mapping[str, Any]
    ended_us: int | None


class SnapshotNotices:
    """Tells endpoints.

    Args:
        snapshots: whose changes are told; what has a change calls ``tell``.
        notifiers: by scheme.
        new_id: gives ids of notifications.
        settings: see ``SnapshotNoticeSettings``.

    Attributes:
        sent, given_up: counted since the start.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        notifiers: Mapping[str, Notifier],
        *,
        new_id: Callable[[], str],
        settings: SnapshotNoticeSettings | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._notifiers = notifiers
        self._new_id = new_id
        self._settings = settings or SnapshotNoticeSettings()
        self._latest: dict[tuple[str, str], _Told] = {}
        self._at_work: set[tuple[str, str]] = set()
        self._group: asyncio.TaskGroup | None = None
        self.sent = 0
        self.given_up = 0
        snapshots.tell = self.tell

    def tell(self, tenant: str, stored: Mapping[str, Any], ended_us: int | None) -> None:
        """Tell the endpoint of a snapshot, if it has one, in its own time."""
        if "endpoint" not in stored["body"]:
            return
        key = tenant, stored["body"]["id"]
        if key not in self._latest and len(self._latest) >= self._settings.waiting:
            self.given_up += 1
            return
        self._latest[key] = _Told(stored, ended_us)
        self._begin(key)

    async def run(self) -> None:
        """Tell until cancelled; first of all what was not told before the node ended."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for tenant in self._snapshots.broker.state.tenants():
                    for _, stored in self._snapshots.documents.list(tenant, COLLECTION):
                        if not stored["told"]:
                            self.tell(tenant, stored, None)
                for key in list(self._latest):
                    self._begin(key)
                await asyncio.Event().wait()
        finally:
            self._group = None

    def _begin(self, key: tuple[str, str]) -> None:
        if self._group is not None and key not in self._at_work:
            self._at_work.add(key)
            self._group.create_task(self._serve(key))

    async def _serve(self, key: tuple[str, str]) -> None:
        try:
            while (told := self._latest.get(key)) is not None:
                await self._deliver(key, told)
                if self._latest.get(key) is told:
                    del self._latest[key]
        finally:
            self._at_work.discard(key)

    async def _deliver(self, key: tuple[str, str], told: _Told) -> None:
        clock, settings = self._snapshots.broker.clock, self._settings
        for attempt in range(1, settings.attempts + 1):
            notice = self._notice(key[0], told)
            outcome = await self._notifiers[urlsplit(notice.uri).scheme].send(notice)
            if outcome.result is Result.DELIVERED:
                self.sent += 1
                break
            if outcome.result is Result.REFUSED or attempt == settings.attempts:
                self.given_up += 1
                break
            pause_us = settings.pause_us * 2 ** (attempt - 1)
            await clock.sleep_until(clock.now_us() + max(pause_us, outcome.retry_after_us))
            if self._latest.get(key) is not told:
                return
        await self._note(key, told)

    async def _note(self, key: tuple[str, str], told: _Told) -> None:
        """Write down that the endpoint knows; where that cannot be written, it is told again some day."""
        snapshots, (tenant, snapshot_id) = self._snapshots, key
        async with snapshots.lock:
            stored = snapshots.documents.get(tenant, COLLECTION, snapshot_id)
            if stored is None or stored["told"] or stored["modifiedUs"] != told.stored["modifiedUs"]:
                return
            try:
                await snapshots.keep(tenant, {**stored, "told": True})
            except StoreError:
                return

    def _notice(self, tenant: str, told: _Told) -> Notice:
        body = told.stored["body"]
        content = notification_body(
            told.stored,
            notification_id=self._new_id(),
            now_us=self._snapshots.broker.clock.now_us(),
            ended_us=told.ended_us,
        )
        receiver = ((one["key"], one["value"]) for one in body.get("receiverInfo", ()))
        return Notice(
            uri=body["endpoint"],
            content_type="application/json",
            link=_LINK.format(CORE.link),
            headers=(*((("NGSILD-Tenant", tenant),) if tenant else ()), *receiver),
            body=orjson.dumps(content),
            timeout_us=self._settings.timeout_us,
        )

"""Access of a node that does not run: opened on its data, with the audit in its log, and closed again.

This is how the first administrator comes about: who may write the data directory decides, and it is audited
as ``local``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from samstad_access import Access, Surroundings
from samstad_access.store.sqlite.store import SqliteStore as AccessStore
from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import Checkpointer, recover
from samstad_broker.service.writer import Writer
from samstad_broker.spi.clock import Clock
from samstad_broker.store.sqlite import SqliteStore
from samstad_node.audit_log import AuditLog
from samstad_node.settings import Settings, derive

__all__ = ["offline_access"]


@asynccontextmanager
async def offline_access(data: Path, settings: Settings, clock: Clock) -> AsyncIterator[Access]:
    """Give the access of a node; the data directory must be held (``DataDirectory``).

    Raises:
        StoreError: the log cannot be opened or written.
        OSError, PolicyRefused: the policy file cannot be read, or is wrong.
    """
    store = SqliteStore(data / "broker", derive.sqlite_settings(settings))
    await store.open()
    try:
        recovered = await recover(store)
        writer = Writer(store.log, clock)
        broker = Broker(state=recovered.state, writer=writer, clock=clock, alias=settings.node.name)
        checkpointer = Checkpointer(store, recovered, writer)
        writing = asyncio.create_task(writer.run())
        try:
            yield _access(data, settings, AuditLog(broker))
            await writer.flushed()
            await checkpointer.save()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        if writer.broken is not None:
            raise writer.broken
    finally:
        await store.close()


def _access(data: Path, settings: Settings, audit: AuditLog) -> Access:
    policy = Path(settings.access.policy).read_text(encoding="utf-8") if settings.access.policy else ""
    surroundings = Surroundings(
        store=AccessStore(data / "access.db"), audit=audit, head=audit.head(), policy=policy
    )
    return Access(settings.access, surroundings)

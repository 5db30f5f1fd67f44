"""Sealing: complete stretches of the log become history files, every now and then."""

from __future__ import annotations

from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite.keeping import KeepingBusy
from samstad_node.broker_role.parts import Parts
from samstad_node.supervisor.role import RoleContext

__all__ = ["keep_sealing"]

_MINUTE_US = 60 * 1_000_000


async def keep_sealing(context: RoleContext, parts: Parts) -> None:
    """Seal what everybody has read, until cancelled; what cannot be sealed stays, and is tried again."""
    clock, log = context.clock, context.log
    every_us = round(context.settings.store.seal_minutes * _MINUTE_US)
    while True:
        await clock.sleep_until(clock.now_us() + every_us)
        try:
            sealed = await parts.store.seal({"delivery": parts.delivery.oldest_needed()})
        except KeepingBusy:
            continue  # a backup is being made
        except StoreError as error:
            log.warning("log.sealing_failed", why=str(error))
            continue
        for file in sealed:
            log.info("log.sealed", file=file.path, rows=file.rows, bytes=file.bytes)

"""Giving up history: by age as retention decides, and values by request (rows ``purge`` and ``redact``)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from samstad_broker.domain.rows import RowKind
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entity_rows import Durable
from samstad_broker.service.writer import Draft
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.store import StoreError
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import BadRequestData, ResourceNotFound

__all__ = ["NODE", "RetentionRule", "RetentionTask", "redact_history"]

NODE = "node"
"""Stands as ``by`` in rows that the node writes of itself."""
_DAY_US = 86_400 * 1_000_000
_FIRST_WAIT_US = 60 * 1_000_000
_MAX_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long the history of some types is kept.

    Attributes:
        tenant: the data set; None: every one.
        types: expanded names; empty: of all types.
        days: what lies wholly before so many days is given up.
        decision: the id of the decision that says so, for whoever asks later why something is gone.
    """

    tenant: str | None
    types: tuple[str, ...] = ()
    days: int
    decision: str


class RetentionTask:
    """Gives up what the rules say, once a day and soon after each start.

    Attributes:
        failures: turns that the log did not take since the last one that it did.
    """

    def __init__(self, broker: Broker, rules: Sequence[RetentionRule]) -> None:
        self._broker = broker
        self._rules = rules
        self.failures = 0

    async def run(self) -> None:
        """Work until cancelled."""
        clock = self._broker.clock
        wait_us = _FIRST_WAIT_US
        while self._rules:
            await clock.sleep_until(clock.now_us() + wait_us)
            wait_us = _DAY_US if await self._turn(clock.now_us()) else _FIRST_WAIT_US
        await asyncio.Event().wait()

    async def _turn(self, now_us: int) -> bool:
        try:
            staged = [
                self._stage(rule, tenant, now_us)
                for rule in self._rules
                for tenant in self._broker.state.tenants()
                if rule.tenant in (None, tenant)
            ]
            for durable in staged:
                await durable
        except StoreError:
            self.failures += 1
            return False
        self.failures = 0
        return True

    def _stage(self, rule: RetentionRule, tenant: str, now_us: int) -> Durable:
        self._broker.writer.check()
        payload: dict[str, object] = {
            "by": NODE,
            "decision": rule.decision,
            "before": iso(now_us - rule.days * _DAY_US),
        }
        if rule.types:
            payload["types"] = list(rule.types)
        row = Draft(RowKind.PURGE, now_us, tenant, "", "", orjson.dumps(payload), None)
        return self._broker.writer.stage(row)


async def redact_history(
    broker: Broker, call: Call, entity_id: str, attributes: Collection[str] | None, *, reason: str
) -> None:
    """Take the values of attributes out of the whole history of an entity; returns when it is done.

    The present state is not touched: delete the attribute or the entity for that. Snapshots that hold the
    entity end, and values are taken out of what was written of them.

    Args:
        broker: whose history.
        call: by whom; they must be allowed to write the history of every type of the entity.
        entity_id: of the entity.
        attributes: expanded names; None: all.
        reason: why, which stays in the log.

    Raises:
        BadRequestData: there is no reason, or it is too long.
        ResourceNotFound: the history knows no such entity, or not for this caller (I6); or it has no such
            attribute: a name that is misspelt must not seem to be redacted.
        Forbidden: the caller may read it, and not write it.
    """
    if not reason.strip() or len(reason) > _MAX_REASON:
        detail = f"A redaction has a reason of at most {_MAX_REASON} characters, which stays in the log."
        raise BadRequestData(detail, pointer="/reason")
    if broker.history is None:
        raise ResourceNotFound("This node keeps no history.", pointer="/entity")
    index = await broker.history.caught_up()
    entity = await index.find(call.tenant, call.snapshot, entity_id)
    if entity is None or not (entity.types and call.may_all(Operation.READ_HISTORY, entity.types)):
        raise ResourceNotFound(f"The history knows no entity {entity_id}.", pointer="/entity")
    call.require(Operation.WRITE_HISTORY, entity.types)
    for name in attributes or ():
        if not await index.has_attribute(entity, name, None):
            raise ResourceNotFound(f"The history of {entity_id} has no {name}.", pointer="/attributes")
    broker.writer.check()
    # First, so that no copy is written behind the row that takes values out of everything before it ...
    await broker.end_copies(call, entity_id)
    payload: dict[str, object] = {"by": call.caller.id, "reason": reason.strip()}
    if attributes is not None:
        payload["attributes"] = sorted(attributes)
    row = Draft(
        RowKind.REDACT, call.now_us, call.tenant, call.snapshot, entity_id, orjson.dumps(payload), None
    )
    await broker.writer.stage(row)
    await broker.history.caught_up()
    # ... and then for a copy that was begun meanwhile.
    await broker.end_copies(call, entity_id)

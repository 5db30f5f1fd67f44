"""Staging what a merge decided, or nothing where it decided nothing."""

from __future__ import annotations

import asyncio

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entity_rows import Durable, Target, stage_change
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.merge import Change

__all__ = ["apply_change"]


def apply_change(broker: Broker, call: Call, target: Target, change: Change) -> Durable:
    """Stage a change; the caller must be allowed to write the types that the entity gets by it."""
    after = change.document
    if after["type"] != target.before["type"]:
        call.require(Operation.WRITE, after["type"])
    if after is target.before:
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return Durable(nothing)
    return stage_change(broker, call, target, change)

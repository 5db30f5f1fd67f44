"""How fast a snapshot is filled and swept: never at the cost of those who write live data (I5)."""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.writer import Overloaded

__all__ = ["let_others_write"]

_PAUSE_US = 100_000


async def let_others_write(broker: Broker) -> None:
    """Return when the disk keeps up with what others write: a snapshot is in no hurry."""
    while True:
        try:
            broker.writer.check()
        except Overloaded:
            await broker.clock.sleep_until(broker.clock.now_us() + _PAUSE_US)
        else:
            return

"""What a site keeps for a supervisor while the link is down (Core 3.2.2, communication disruption)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import msgspec

from samstad_rsmp.messages import AggregatedStatus, Alarm, AnyMessage, StatusUpdate, StatusValue
from samstad_rsmp.versions import Core

__all__ = ["MOST", "Buffer", "MemoryBuffer", "aged"]

MOST = 100_000
"""How many messages are kept; the standard asks for 10,000 at least."""


class Buffer(Protocol):
    """First in, first out; survives a restart where a disk is behind it."""

    @property
    def dropped(self) -> int:
        """How many were dropped, the oldest first, because it was full."""
        ...

    def __len__(self) -> int: ...

    def append(self, record: bytes) -> None:
        """Keep one more."""
        ...

    def peek(self, begin: int, count: int) -> Sequence[bytes]:
        """Return some from the oldest on, skipping ``begin``, without dropping them."""
        ...

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        ...


class MemoryBuffer:
    """A buffer that a restart empties."""

    def __init__(self, *, most: int = MOST) -> None:
        self._records: deque[bytes] = deque()
        self._most = most
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._records)

    def append(self, record: bytes) -> None:
        """Keep one more, and drop the oldest when there are too many."""
        self._records.append(record)
        if len(self._records) > self._most:
            self._records.popleft()
            self.dropped += 1

    def peek(self, begin: int, count: int) -> list[bytes]:
        """Return some from the oldest on."""
        return [self._records[i] for i in range(begin, min(begin + count, len(self._records)))]

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        for _ in range(min(count, len(self._records))):
            self._records.popleft()


def aged(message: AnyMessage, core: Core) -> AnyMessage:
    """Return a kept message as it is sent later: statuses are marked as old from 3.2 on."""
    if not isinstance(message, StatusUpdate) or not core.old_statuses:
        return message
    values = [_old(value) for value in message.values]
    return msgspec.structs.replace(message, values=values)


def _old(value: StatusValue) -> StatusValue:
    return msgspec.structs.replace(value, quality="old") if value.quality == "recent" else value


KEPT = (AggregatedStatus, Alarm, StatusUpdate)
"""What is kept at all; of statuses only those that the site is told to keep."""

"""The topics of a device, which are all that it may use: made from its identity, never from what it asks.

| topic              | who      | what                                                          |
|--------------------|----------|---------------------------------------------------------------|
| ``d/me/up``        | device → | a payload, as its model's profile reads it                    |
| ``d/me/up/{port}`` | device → | the same with a port from 0 to 255, on which codecs depend    |
| ``d/me/ack``       | device → | what became of a command                                      |
| ``d/me/down``      | → device | commands                                                      |

``me`` may be the percent-encoded id of the device's own entity instead.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

__all__ = ["Purpose", "Topics"]

_MOST_PORT = 255


class Purpose(NamedTuple):
    """What a topic is for: ``up`` or ``ack``, and the port."""

    word: str
    port: int | None = None


class Topics:
    """The topics of one device."""

    __slots__ = ("_prefixes",)

    def __init__(self, device_id: str) -> None:
        self._prefixes = ("d/me/", f"d/{quote(device_id, safe=':.-_~@')}/")

    def purpose(self, topic: str) -> Purpose | None:
        """Return what a device publishes under a topic for; None where it may not."""
        for prefix in self._prefixes:
            if topic.startswith(prefix):
                return _purpose(topic[len(prefix) :])
        return None

    def is_down(self, wanted: str) -> bool:
        """Tell whether a filter is that of the device's own commands, word by word."""
        return wanted.endswith("/down") and wanted.removesuffix("down") in self._prefixes


def _purpose(word: str) -> Purpose | None:
    if word in {"up", "ack"}:
        return Purpose(word)
    head, _, port = word.partition("/")
    if head == "up" and port.isascii() and port.isdecimal() and len(port) < 4 and int(port) <= _MOST_PORT:
        return Purpose("up", int(port))
    return None

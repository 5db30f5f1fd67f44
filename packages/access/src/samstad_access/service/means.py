"""What the use cases work with."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from samstad_access.service.trail import Trail
from samstad_access.spi.sinks import AttentionSink
from samstad_access.spi.store import AccessStore

__all__ = ["Means"]


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """The surroundings of every use case.

    Attributes:
        store: the records.
        trail: takes note of every act before it is done.
        attention: told of what a person should know.
        random: gives so many fresh random bytes.
    """

    store: AccessStore
    trail: Trail
    attention: AttentionSink
    random: Callable[[int], bytes]

"""A small context source in memory, for the tests of services: no broker, no socket, no clock of its own."""

from __future__ import annotations

from samstad_ngsild.memory.source import MemoryContextSource, Receiver

__all__ = ["MemoryContextSource", "Receiver"]

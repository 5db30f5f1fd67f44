"""Where audit entries and matters of attention go: the node wires them to the log and to alerts."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from samstad_access.domain.audit import ChainedEntry

__all__ = ["Attention", "AttentionSink", "AuditSink", "Severity"]


class Severity(StrEnum):
    """How soon a person should look."""

    WARNING = "warning"
    CRITICAL = "critical"


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know about who comes in.

    Attributes:
        name: what happened, such as ``break-glass-used`` or ``guessing``.
        target: about whom or what: an id.
    """

    name: str
    severity: Severity
    target: str
    at_us: int
    detail: str


class AuditSink(Protocol):
    """Takes chained entries, in their order, and makes them durable."""

    def __call__(self, chained: ChainedEntry, /) -> None:
        """Store one entry; an exception undoes the act that was to be audited."""
        ...


class AttentionSink(Protocol):
    """Takes matters of attention."""

    def __call__(self, attention: Attention, /) -> None:
        """Note one; must not raise."""
        ...

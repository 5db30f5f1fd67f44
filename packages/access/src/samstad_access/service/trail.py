"""The audit trail: every act becomes the next entry of one chain."""

from __future__ import annotations

from samstad_access.domain.audit import (
    AuditEntry,
    ChainedEntry,
    Head,
    Outcome,
    audit_entry,
    chain,
    head_of,
)
from samstad_access.spi.sinks import AuditSink

__all__ = ["Trail"]


class Trail:
    """Chains entries and hands them to the sink.

    Args:
        sink: makes entries durable; where it fails, the chain does not move and the caller's act fails.
        head: the end of the chain so far, read from the log at start.
    """

    def __init__(self, sink: AuditSink, *, head: Head | None = None) -> None:
        self._sink = sink
        self.head = head or Head()

    def append(self, entry: AuditEntry) -> ChainedEntry:
        """Chain one entry."""
        chained = chain(self.head, entry)
        self._sink(chained)
        self.head = head_of(chained)
        return chained

    def note(
        self, *, who: str, what: str, at_us: int, outcome: Outcome = Outcome.ALLOWED, **texts: str
    ) -> ChainedEntry:
        """Chain an entry made of these texts; credentials in them are struck out."""
        return self.append(audit_entry(who=who, what=what, at_us=at_us, outcome=outcome, **texts))

"""Taking up the served @contexts from the log at the start, before requests are answered."""

from __future__ import annotations

from samstad_broker.service.contexts.hosting import Hosting

__all__ = ["restore_contexts"]


def restore_contexts(hosting: Hosting) -> int:
    """Make all served @contexts known to the resolver; return how many there were.

    Call it before ``restore_subscriptions``, which asks the resolver for them.
    """
    restored = 0
    for stored in hosting.own(None):
        hosting.resolver.pin(stored.url, {"@context": stored.content})
        restored += 1
    return restored

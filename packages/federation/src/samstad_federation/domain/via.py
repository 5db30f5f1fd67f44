"""The ``Via`` of a request: the sources that it has passed (clauses 4.3.6.4, 6.3.18; RFC 9110, 7.6.3)."""

from __future__ import annotations

from samstad_ngsild.errors import LoopDetected

__all__ = ["alias_of", "check_loop", "extended", "passed"]

_MOST_HOPS = 20
"""However the sources are joined: a request that passed more is taken for one in a loop."""


def alias_of(name: str, tenant: str) -> str:
    """Return what a tenant of a node calls itself: each tenant is a source of its own (clause 4.3.6.4)."""
    return f"{name}~{tenant}" if tenant else name


def passed(via: str) -> tuple[str, ...]:
    """Return the aliases of the sources that a request has passed, in lower case."""
    found = []
    for value in via.split(","):
        words = value.split()
        if words:
            # "1.1 alias (comment)"; an alias alone is taken as well.
            found.append(words[1 if len(words) > 1 else 0].lower())
    return tuple(found)


def check_loop(hops: tuple[str, ...], own: str) -> None:
    """Raise LoopDetected for a request that has been here before (clause 6.3.17)."""
    if own.lower() in hops:
        raise LoopDetected(
            f"The request has passed {own} before: the registrations of sources go in a circle. "
            "Give each registration the contextSourceAlias of its source, or localOnly.",
            pointer="Via",
        )
    if len(hops) >= _MOST_HOPS:
        raise LoopDetected(
            f"The request has passed {len(hops)} sources, more than any way needs.", pointer="Via"
        )


def extended(via: str, own: str) -> str:
    """Return the ``Via`` that goes on with a request."""
    return f"{via}, 1.1 {own}" if via.strip() else f"1.1 {own}"

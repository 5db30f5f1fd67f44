"""Whether the link to a controller holds: a transmission fault is first intermittent, then persistent.

It clears by itself when the link has held for long enough. Times are µs since 1970 UTC.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["NEVER_UP", "Fault", "LinkRules", "LinkState", "link_down", "link_fault", "link_up"]

SECOND_US = 1_000_000
Fault = Literal["none", "intermittent", "persistent"]
MOST_DROPS = 64


class LinkRules(NamedTuple):
    """When drops are a fault.

    Attributes:
        persistent_s: down for longer than this.
        window_s: drops are counted over this time.
        most_drops: as many drops in it make the link intermittent.
    """

    persistent_s: int = 300
    window_s: int = 3600
    most_drops: int = 3


class LinkState(NamedTuple):
    """A link: whether it is up, since when, and the times of its latest drops."""

    up: bool = False
    since_us: int = 0
    drops_us: tuple[int, ...] = ()
    reason: str = ""


NEVER_UP = LinkState(reason="has never connected")


def link_up(link: LinkState, *, now_us: int) -> LinkState:
    """Return the link after the handshake; the same object where it was up."""
    return link if link.up else link._replace(up=True, since_us=now_us, reason="")


def link_down(link: LinkState, *, now_us: int, reason: str) -> LinkState:
    """Return the link after it was lost; a second loss is none."""
    if not link.up:
        return link
    return LinkState(
        up=False, since_us=now_us, drops_us=(*link.drops_us, now_us)[-MOST_DROPS:], reason=reason
    )


def link_fault(link: LinkState, *, now_us: int, rules: LinkRules = LinkRules()) -> Fault:  # noqa: B008  # frozen
    """Return which transmission fault there is now; a link that has never been up has none yet."""
    if not link.up and link.since_us and now_us - link.since_us >= rules.persistent_s * SECOND_US:
        return "persistent"
    begin = now_us - rules.window_s * SECOND_US
    drops = sum(1 for at in link.drops_us if at > begin)
    return "intermittent" if drops >= rules.most_drops else "none"

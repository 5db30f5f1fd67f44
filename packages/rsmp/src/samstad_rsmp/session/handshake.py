"""How a link comes up, as tables (Core 3.2.2, communication establishment; 3.1.3 for the older order).

From 3.1.4 one message is under way at a time: the site's Version, the supervisor's Version, the site's
Watchdog, the supervisor's Watchdog, each acknowledged. Before that, both Versions go in any order, then both
Watchdogs. The site speaks first in either and learns the version on the way, so its one table serves both;
the supervisor knows the version when it speaks.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType

from samstad_rsmp.versions import Sequence

__all__ = ["TABLES", "Did", "Phase", "Role", "Send", "Table", "is_versioned"]


class Role(Enum):
    """Who we are on this link."""

    SITE = "site"
    SUPERVISOR = "supervisor"


class Phase(Enum):
    """How far the handshake has come."""

    NEW = "new"
    VERSION_SENT = "version sent"
    VERSION_CROSSED = "version sent, the peer's came before the acknowledgement"
    VERSION_ACKED = "version acknowledged"
    WATCHDOG_SENT = "watchdog sent"
    WATCHDOG_CROSSED = "watchdog sent, the peer's came before the acknowledgement"
    WATCHDOG_ACKED = "watchdog acknowledged"
    READY = "ready"
    CLOSED = "closed"


class Did(Enum):
    """What happened."""

    CONNECTED = "connected"
    GOT_VERSION = "got version"
    GOT_VERSION_ACK = "got version ack"
    GOT_WATCHDOG = "got watchdog"
    GOT_WATCHDOG_ACK = "got watchdog ack"


class Send(Enum):
    """What to send then."""

    VERSION = "version"
    WATCHDOG = "watchdog"
    NOTHING = ""


Table = MappingProxyType[tuple[Phase, Did], tuple[Send, Phase]]

_SITE: Table = MappingProxyType(
    {
        (Phase.NEW, Did.CONNECTED): (Send.VERSION, Phase.VERSION_SENT),
        (Phase.VERSION_SENT, Did.GOT_VERSION_ACK): (Send.NOTHING, Phase.VERSION_ACKED),
        (Phase.VERSION_SENT, Did.GOT_VERSION): (Send.NOTHING, Phase.VERSION_CROSSED),
        (Phase.VERSION_CROSSED, Did.GOT_VERSION_ACK): (Send.WATCHDOG, Phase.WATCHDOG_SENT),
        (Phase.VERSION_ACKED, Did.GOT_VERSION): (Send.WATCHDOG, Phase.WATCHDOG_SENT),
        (Phase.WATCHDOG_SENT, Did.GOT_WATCHDOG_ACK): (Send.NOTHING, Phase.WATCHDOG_ACKED),
        (Phase.WATCHDOG_SENT, Did.GOT_WATCHDOG): (Send.NOTHING, Phase.WATCHDOG_CROSSED),
        (Phase.WATCHDOG_CROSSED, Did.GOT_WATCHDOG_ACK): (Send.NOTHING, Phase.READY),
        (Phase.WATCHDOG_ACKED, Did.GOT_WATCHDOG): (Send.NOTHING, Phase.READY),
    }
)
_SUPERVISOR_STRICT: Table = MappingProxyType(
    {
        (Phase.NEW, Did.CONNECTED): (Send.NOTHING, Phase.NEW),
        (Phase.NEW, Did.GOT_VERSION): (Send.VERSION, Phase.VERSION_SENT),
        (Phase.VERSION_SENT, Did.GOT_VERSION_ACK): (Send.NOTHING, Phase.VERSION_ACKED),
        (Phase.VERSION_ACKED, Did.GOT_WATCHDOG): (Send.WATCHDOG, Phase.WATCHDOG_SENT),
        (Phase.WATCHDOG_SENT, Did.GOT_WATCHDOG_ACK): (Send.NOTHING, Phase.READY),
    }
)
_SUPERVISOR_PHASES: Table = MappingProxyType(
    {
        (Phase.NEW, Did.CONNECTED): (Send.NOTHING, Phase.NEW),
        (Phase.NEW, Did.GOT_VERSION): (Send.VERSION, Phase.VERSION_SENT),
        (Phase.VERSION_SENT, Did.GOT_VERSION_ACK): (Send.WATCHDOG, Phase.WATCHDOG_SENT),
        (Phase.WATCHDOG_SENT, Did.GOT_WATCHDOG_ACK): (Send.NOTHING, Phase.WATCHDOG_ACKED),
        (Phase.WATCHDOG_SENT, Did.GOT_WATCHDOG): (Send.NOTHING, Phase.WATCHDOG_CROSSED),
        (Phase.WATCHDOG_CROSSED, Did.GOT_WATCHDOG_ACK): (Send.NOTHING, Phase.READY),
        (Phase.WATCHDOG_ACKED, Did.GOT_WATCHDOG): (Send.NOTHING, Phase.READY),
    }
)
TABLES: dict[tuple[Role, Sequence], Table] = {
    (Role.SITE, Sequence.STRICT): _SITE,
    (Role.SITE, Sequence.PHASES): _SITE,
    (Role.SUPERVISOR, Sequence.STRICT): _SUPERVISOR_STRICT,
    (Role.SUPERVISOR, Sequence.PHASES): _SUPERVISOR_PHASES,
}
"""What is not in a table must not happen in that phase: it is answered with MessageNotAck."""

_BEFORE_VERSIONS = frozenset({Phase.NEW, Phase.VERSION_SENT, Phase.VERSION_CROSSED, Phase.VERSION_ACKED})


def is_versioned(phase: Phase) -> bool:
    """Tell whether both versions are known and the message rules of the common one hold."""
    return phase not in _BEFORE_VERSIONS

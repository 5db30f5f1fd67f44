"""Doors before pages: who is let in where the operator wants a login (``http.login_for``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from samstad_broker.spi.authorizer import Authorizer, Forbidden, Operation
from samstad_broker.spi.clock import Clock

__all__ = ["OPEN_DOORS", "Door", "Doors", "doors_of"]

Door = Callable[[Mapping[str, str], str], None]
"""Lets in by the headers of a request and its peer; raises Unauthenticated, Forbidden or HttpFailure."""

ANY_TENANT = "*"
"""Stands for all tenants in a decision."""


def _open(headers: Mapping[str, str], peer: str) -> None:
    """Let everybody in."""


class Doors(NamedTuple):
    """The door of the pages and that of the metrics; health has none."""

    pages: Door = _open
    metrics: Door = _open


OPEN_DOORS = Doors()


def doors_of(authorizer: Authorizer, clock: Clock, *, pages: bool, metrics: bool) -> Doors:
    """Return the doors that are wanted.

    The metrics tell of all tenants and types: they are for those who may read everything.
    """

    def known(headers: Mapping[str, str], peer: str) -> None:
        authorizer.identify(headers, now_us=clock.now_us(), peer=peer)

    def reads_all(headers: Mapping[str, str], peer: str) -> None:
        caller = authorizer.identify(headers, now_us=clock.now_us(), peer=peer)
        if not authorizer.may(caller, ANY_TENANT, Operation.READ, None):
            raise Forbidden(
                f"The metrics of this node are for those who may read all tenants; {caller.id} may not."
            )

    return Doors(known if pages else _open, reads_all if metrics else _open)

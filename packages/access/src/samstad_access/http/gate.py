"""Who calls the administration API, and whether they may."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from samstad_access.domain.audit import Outcome
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import Principal
from samstad_access.domain.role import ANY
from samstad_access.errors import Forbidden
from samstad_access.service.access import Access
from samstad_access.service.act import Act

__all__ = ["Gate"]

_MAX_REASON = 1000


class Gate:
    """Identifies callers and admits those who administer the whole node.

    Args:
        access: identifies and decides.
        now_us: the composition root's clock.
    """

    def __init__(self, access: Access, now_us: Callable[[], int]) -> None:
        self.access = access
        self.now_us = now_us

    def caller(self, request: Request) -> Principal:
        """Return who calls.

        Raises:
            Unauthenticated: nobody known.
        """
        return self.access.identify(dict(request.headers), now_us=self.now_us(), peer=peer_of(request))

    def administrator(self, request: Request) -> Act:
        """Return the act of somebody who may administer all tenants: rights given here reach everywhere.

        Raises:
            Unauthenticated: nobody known.
            Forbidden: somebody without that right.
        """
        caller = self.caller(request)
        act = self.act(request, caller.id)
        if not self.access.may(caller, ANY, Operation.ADMINISTER, None):
            what = f"{request.method} {request.url.path}"
            act.note(self.access.trail, "access.administer", what, outcome=Outcome.DENIED)
            raise Forbidden(f"{caller.id} may not administer this node. Ask one of its administrators.")
        return act

    def act(self, request: Request, who: str, *, reason: str = "") -> Act:
        """Return an act of somebody now; a reason may come in the header ``Samstad-Reason``."""
        return Act(
            who=who,
            now_us=self.now_us(),
            reason=reason or _text(request.headers.get("samstad-reason", ""))[:_MAX_REASON],
            request_id=request.headers.get("x-request-id", "")[:100],
        )


def peer_of(request: Request) -> str:
    """Return the address that a request came from, as the server tells it."""
    return request.client.host if request.client else ""


def _text(header: str) -> str:
    """Return what a header says to people: UTF-8 where it is, else ISO 8859-1 (RFC 9110, 5.5)."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header

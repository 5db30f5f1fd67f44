"""Access as the broker's Authorizer: the two packages do not know each other, so errors are translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from samstad_access.errors import StoreFailure, TooManyAttempts
from samstad_access.errors import Unauthenticated as NotIdentified
from samstad_access.service.access import Access
from samstad_broker.http.failures import Overloaded, TooManyRequests
from samstad_broker.spi.authorizer import Caller, Operation, Unauthenticated

__all__ = ["AccessAuthorizer", "OpenAuthorizer"]


class AccessAuthorizer:
    """Identifies and decides by ``samstad_access``."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.may = access.may
        self.record = access.record

    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Caller:
        """Return who sent a request with these headers."""
        try:
            return self._access.identify(headers, now_us=now_us, peer=peer)
        except NotIdentified as error:
            raise Unauthenticated(error.detail) from error
        except TooManyAttempts as error:
            raise TooManyRequests(retry_after_s=error.retry_after_s) from error
        except StoreFailure as error:
            raise Overloaded(error.detail) from error


class _Anybody(msgspec.Struct, frozen=True):
    id: str = "anybody"


_ANYBODY = _Anybody()


class OpenAuthorizer:
    """Lets everybody do everything: ``samstad serve --open``, only possible on loopback."""

    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Caller:
        """Return the one caller that there is."""
        del headers, now_us, peer
        return _ANYBODY

    def may(self, caller: Caller, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        """Say yes."""
        del caller, tenant, operation, entity_type
        return True

    def record(self, entry: Mapping[str, Any]) -> None:
        """Keep nothing: nobody was identified."""
        del entry

"""One call of an operation: by whom, on which data, when; and the questions every operation asks first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from samstad_broker.spi.authorizer import Authorizer, Caller, Forbidden, Operation

__all__ = ["Call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who calls, in which tenant, at what time.

    Attributes:
        caller: as the Authorizer identified them.
        authorizer: decides what they may.
        tenant: the data set; the empty string is the default one.
        now_us: when the request came, microseconds since 1970 UTC.
        snapshot: the snapshot inside the tenant, the empty string for live data.
    """

    caller: Caller
    authorizer: Authorizer
    tenant: str
    now_us: int
    snapshot: str = ""

    def may(self, operation: Operation, entity_type: str | None) -> bool:
        """Whether the caller may do this to entities of a type; None asks for any type at all."""
        return self.authorizer.may(self.caller, self.tenant, operation, entity_type)

    def may_all(self, operation: Operation, entity_types: Iterable[str]) -> bool:
        """Whether the caller may do this to an entity that has all these types: each must be allowed."""
        for name in entity_types:  # noqa: SIM110 - a loop costs half of a generator here
            if not self.authorizer.may(self.caller, self.tenant, operation, name):
                return False
        return True

    def require(self, operation: Operation, entity_types: Iterable[str]) -> None:
        """Raise Forbidden unless every type is allowed."""
        for name in entity_types:
            if not self.authorizer.may(self.caller, self.tenant, operation, name):
                message = f"{self.caller.id} may not {operation.value} entities of type {name} here. "
                raise Forbidden(message + "Ask the node's administrator for a role that grants it.")

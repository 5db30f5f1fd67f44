"""The Authorizer port: who calls, and may they (invariant I6: deny by default)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Authorizer", "Caller", "Forbidden", "Operation", "Unauthenticated"]

from enum import StrEnum


class Operation(StrEnum):
    """What a caller wants to do with entities of a type in a tenant; policies speak of these."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    READ_HISTORY = "read-history"
    WRITE_HISTORY = "write-history"
    SUBSCRIBE = "subscribe"
    REGISTER = "register"
    ADMINISTER = "administer"


class Unauthenticated(Exception):
    """Nobody, or somebody with a credential that is unknown, expired or revoked: 401."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Forbidden(Exception):
    """A known caller without the right: 403."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Caller(Protocol):
    """Somebody who was identified. Callers are hashable and compare by identity of their rights."""

    @property
    def id(self) -> str:
        """A stable name for logs, audit and ``issuedBy``."""
        ...


class Authorizer(Protocol):
    """Identifies callers and decides, in process, in microseconds."""

    def identify(self, headers: Mapping[str, str], *, now_us: int, peer: str = "") -> Caller:
        """Return who sent a request with these (lower-case) headers.

        ``peer`` is the address that it came from, so that guesses are damped for each; empty counts none.

        Raises:
            Unauthenticated: the credential is missing, malformed, unknown, expired or revoked.
        """
        ...

    def may(self, caller: Caller, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        """Decide; ``entity_type`` is an IRI, or None for operations that are not about one type.

        A caller that may nothing in a tenant cannot tell it from one that does not exist (I6).
        """
        ...

    def record(self, entry: Mapping[str, Any]) -> None:
        """Take note of an act that must be audited; the broker writes it to the log as an audit row."""
        ...

"""What a caller may want to do with entities of a type in a tenant."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["HARMLESS", "Operation"]


class Operation(StrEnum):
    """The words that roles, policies and the broker share; members equal their text."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    READ_HISTORY = "read-history"
    WRITE_HISTORY = "write-history"
    SUBSCRIBE = "subscribe"
    REGISTER = "register"
    ADMINISTER = "administer"


HARMLESS = frozenset({Operation.READ, Operation.READ_HISTORY})
"""Operations that change nothing: all that a cookie without its CSRF proof may do."""

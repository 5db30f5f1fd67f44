"""The errors of access, as one tree.

    AccessError
    ├── Unauthenticated     401  no credential, or one that does not count; never says which
    ├── Forbidden           403  a known caller without the right
    ├── BadInput            400  an administrator's input is wrong; ``pointer`` names the member
    ├── NotFound            404
    ├── Conflict            409  it exists already, or somebody else changed it meanwhile
    ├── TooManyAttempts     429  a peer guesses; ``retry_after_s`` says when to come back
    ├── PolicyRefused       none a policy file that does not fit the schema: the node does not start with it
    ├── KeySetRefused       none a JWKS that holds no usable public key: the last good one stays in use
    └── StoreFailure        503  access.db cannot be read or written
        └── StoreTooNew     none a newer release has migrated it

Details of Unauthenticated are the same for an unknown, a wrong, an expired and a revoked credential:
who guesses learns nothing.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AccessError",
    "BadInput",
    "Conflict",
    "Forbidden",
    "KeySetRefused",
    "NotFound",
    "PolicyRefused",
    "StoreFailure",
    "StoreTooNew",
    "TooManyAttempts",
    "Unauthenticated",
]


class AccessError(Exception):
    """An error with a sentence for a person.

    Args:
        detail: what was wrong and what to do about it.
        pointer: the member (JSON pointer), parameter or place in a file, where one is at fault.
    """

    name: ClassVar[str] = "access-error"
    """The last segment of the problem type, ``/problems/<name>``."""
    title: ClassVar[str] = "Access failed"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class Unauthenticated(AccessError):
    """Nobody, or somebody whose credential does not count."""

    name = "unauthenticated"
    title = "Not logged in"
    status = 401


class Forbidden(AccessError):
    """A known caller without the right."""

    name = "forbidden"
    title = "Not allowed"
    status = 403


class BadInput(AccessError):
    """What an administrator sent cannot be used."""

    name = "bad-input"
    title = "The input is wrong"
    status = 400


class NotFound(AccessError):
    """There is no such principal, key, role, label or session."""

    name = "not-found"
    title = "Not found"
    status = 404


class Conflict(AccessError):
    """It exists already, or was changed by somebody else meanwhile."""

    name = "conflict"
    title = "Conflict"
    status = 409


class TooManyAttempts(AccessError):
    """A peer failed so often that it must wait."""

    name = "too-many-attempts"
    title = "Too many failed attempts"
    status = 429

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class PolicyRefused(AccessError):
    """A policy file does not parse or does not fit the schema; ``pointer`` is ``file:line``."""

    name = "policy-refused"
    title = "The policy is wrong"


class KeySetRefused(AccessError):
    """A JWKS does not parse, or holds no public key that may verify tokens."""

    name = "key-set-refused"
    title = "The key set is wrong"


class StoreFailure(AccessError):
    """The database of access cannot be read or written."""

    name = "access-store-unavailable"
    title = "The access store is unavailable"
    status = 503


class StoreTooNew(StoreFailure):
    """A newer release has migrated the database."""

"""Local accounts: passwords by scrypt with recorded parameters, and the sealed break-glass account."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import ClassVar

import msgspec

__all__ = [
    "CODE_BYTES",
    "DEFAULT_COST",
    "MIN_PASSWORD",
    "SALT_BYTES",
    "AccountRecord",
    "PasswordHash",
    "ScryptCost",
    "code_text",
    "hash_password",
    "password_matches",
    "typed_code",
]

SALT_BYTES = 16
CODE_BYTES = 19
"""Random bytes that make a break-glass code (150 bits are used)."""
MIN_PASSWORD = 12
MAX_PASSWORD = 1024


class ScryptCost(msgspec.Struct, frozen=True):
    """The parameters of scrypt: memory is ``128 * n * r`` bytes."""

    n: int = 1 << 15
    r: int = 8
    p: int = 2


DEFAULT_COST = ScryptCost()
"""32 MiB and about 0.2 s for each attempt."""


class PasswordHash(msgspec.Struct, frozen=True):
    """What is kept of a password: the hash, with all that is needed to make it again."""

    cost: ScryptCost
    salt: bytes
    digest: bytes


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A name to log in with on this node, without any other system.

    Attributes:
        id: the name that is typed.
        principal: who that is.
        password: None for an account that is opened by a code alone.
        sealed: the hash of the one-time code of a break-glass account; None when it is used up.
    """

    KIND: ClassVar[str] = "account"

    id: str
    principal: str
    password: PasswordHash | None = None
    sealed: PasswordHash | None = None
    created_us: int = 0

    @property
    def owner(self) -> str:
        """The principal."""
        return self.principal

    @property
    def expires_us(self) -> int | None:
        """Accounts do not expire."""
        return None


def hash_password(password: str, salt: bytes, *, cost: ScryptCost = DEFAULT_COST) -> PasswordHash:
    """Return what is kept of a password (or code); takes about 0.2 s and 32 MiB at the default cost."""
    return PasswordHash(cost, salt, _scrypt(password, salt, cost))


def password_matches(kept: PasswordHash | None, password: str, *, cost: ScryptCost = DEFAULT_COST) -> bool:
    """Whether the password is the one; takes as long where there is none to compare with."""
    if len(password) > MAX_PASSWORD:
        return False
    against = kept or PasswordHash(cost, bytes(SALT_BYTES), bytes(32))
    digest = _scrypt(password, against.salt, against.cost)
    return hmac.compare_digest(digest, against.digest) and kept is not None


def code_text(random: bytes) -> str:
    """Return a break-glass code for a sheet of paper: six groups of five letters and digits."""
    letters = base64.b32encode(random[:CODE_BYTES]).decode()[:30]
    return "-".join(letters[start : start + 5] for start in range(0, 30, 5))


def typed_code(text: str) -> str:
    """Return a code as ``code_text`` writes it, however it was typed."""
    letters = "".join(text.upper().replace("-", " ").split())
    letters = letters.translate(str.maketrans("018", "OIB"))
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))


def _scrypt(password: str, salt: bytes, cost: ScryptCost) -> bytes:
    memory = 128 * cost.n * cost.r * 2 + (1 << 20)
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32,
    )  # fmt: skip

"""How remote @contexts come in: the port that fetches them, and the limits on what is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["ContextLimits", "LoadedContext", "Loader"]


@dataclass(frozen=True, slots=True)
class LoadedContext:
    """A remote @context as it came.

    Attributes:
        body: the JSON text.
        expires_at_us: when it must be fetched again, from Expires or max-age (clause 6.3.16); None where
            the server said nothing.
    """

    body: bytes
    expires_at_us: int | None = None


class Loader(Protocol):
    """Whoever fetches remote @contexts; it owns sockets, time limits and the rules of egress."""

    async def load(self, url: str) -> LoadedContext:
        """Fetch one URL.

        Raises:
            LdContextNotAvailable: when it cannot be had (clause 5.5.6).
        """
        ...


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """What one @context may cost, and how much is kept (invariant I5).

    Attributes:
        depth: how deep remote @contexts may refer to others.
        document_bytes: size of one remote or inline @context.
        terms: definitions in one compiled @context.
        fetches: remote references followed for one @context.
        documents: remote documents kept; pinned ones are not counted.
        held_bytes: size of all the remote documents kept together; pinned ones are not counted.
        contexts: compiled @contexts kept.
        held_terms: definitions in all the compiled @contexts kept together.
        default_ttl_us: how long a document is fresh whose server said nothing.
        negative_ttl_us: how long a failure is remembered, and a stale document used, before the next try.
    """

    depth: int = 10
    document_bytes: int = 1 << 20
    terms: int = 20_000
    fetches: int = 32
    documents: int = 256
    held_bytes: int = 32 << 20
    contexts: int = 512
    held_terms: int = 400_000
    default_ttl_us: int = 86_400_000_000
    negative_ttl_us: int = 30_000_000

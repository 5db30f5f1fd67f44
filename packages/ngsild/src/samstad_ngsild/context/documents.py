"""The remote @context documents that are held: pinned, fresh, stale or known to be unavailable."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from samstad_ngsild.context.loader import ContextLimits
from samstad_ngsild.errors import BadRequestData, NgsiLdError

__all__ = ["ContextDocument", "DocumentCache", "parse_document"]


@dataclass(frozen=True, slots=True)
class ContextDocument:
    """One remote @context document.

    Attributes:
        url: where it came from.
        content: the value of its ``@context`` member.
        digest: SHA-256 of its bytes.
        size: their number.
        expires_at_us: when it must be fetched again; None for never.
        pinned: preloaded or hosted by the node: never fetched, never evicted.
        fetched_at_us: when it was fetched; None for what was not.
    """

    url: str
    content: Any
    digest: bytes
    size: int
    expires_at_us: int | None
    pinned: bool = False
    fetched_at_us: int | None = None

    def fresh(self, now_us: int) -> bool:
        """Tell whether the document may be used without asking its server."""
        return self.expires_at_us is None or now_us < self.expires_at_us


@dataclass(frozen=True, slots=True)
class _Failure:
    error: NgsiLdError
    until_us: int


def parse_document(
    url: str, body: bytes, *, expires_at_us: int | None, limits: ContextLimits, pinned: bool = False
) -> ContextDocument:
    """Read a remote @context document.

    Raises:
        BadRequestData: it is too large, no JSON, or holds no ``@context`` (clause 5.5.6).
    """
    if len(body) > limits.document_bytes:
        raise BadRequestData(
            f"The @context at {url} is larger than {limits.document_bytes} bytes.", pointer="/@context"
        )
    try:
        document = orjson.loads(body)
    except ValueError as error:
        raise BadRequestData(f"The @context at {url} is not JSON: {error}.", pointer="/@context") from error
    if not isinstance(document, dict) or "@context" not in document:
        raise BadRequestData(f"The document at {url} has no @context member at its top.", pointer="/@context")
    return ContextDocument(
        url=url,
        content=document["@context"],
        digest=hashlib.sha256(body).digest(),
        size=len(body),
        expires_at_us=expires_at_us,
        pinned=pinned,
    )


class DocumentCache:
    """Documents by URL, the least recently used given up first; failures by URL, the oldest first."""

    def __init__(self, *, limits: ContextLimits) -> None:
        self._limits = limits
        self._pinned: dict[str, ContextDocument] = {}
        self._documents: OrderedDict[str, ContextDocument] = OrderedDict()
        self._held_bytes = 0
        self._failures: OrderedDict[str, _Failure] = OrderedDict()

    def find(self, url: str) -> ContextDocument | None:
        """Return the document of a URL, fresh or stale."""
        pinned = self._pinned.get(url)
        if pinned is not None:
            return pinned
        document = self._documents.get(url)
        if document is not None:
            self._documents.move_to_end(url)
        return document

    def put(self, document: ContextDocument) -> None:
        """Keep a document, over the one of the same URL."""
        self._failures.pop(document.url, None)
        self._drop(document.url)
        if document.pinned:
            self._pinned[document.url] = document
            return
        self._documents[document.url] = document
        self._held_bytes += document.size
        limits = self._limits
        while len(self._documents) > limits.documents or self._held_bytes > limits.held_bytes:
            self._drop(next(iter(self._documents)))

    def forget(self, url: str) -> bool:
        """Drop a document, pinned or not, and what is known of its failure; tell whether it was there."""
        self._failures.pop(url, None)
        pinned = self._pinned.pop(url, None)
        return self._drop(url) or pinned is not None

    def _drop(self, url: str) -> bool:
        document = self._documents.pop(url, None)
        if document is None:
            return False
        self._held_bytes -= document.size
        return True

    def fail(self, url: str, error: NgsiLdError, *, now_us: int) -> None:
        """Remember that a URL cannot be used for a while."""
        self._failures[url] = _Failure(error, now_us + self._limits.negative_ttl_us)
        self._failures.move_to_end(url)
        while len(self._failures) > self._limits.documents:
            self._failures.popitem(last=False)

    def failure(self, url: str, *, now_us: int) -> NgsiLdError | None:
        """Return the remembered error of a URL while it holds."""
        failure = self._failures.get(url)
        if failure is None:
            return None
        if now_us < failure.until_us:
            return failure.error
        del self._failures[url]
        return None

    def __iter__(self) -> Iterator[ContextDocument]:
        yield from list(self._pinned.values())
        yield from list(self._documents.values())

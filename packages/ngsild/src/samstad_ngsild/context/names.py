"""A @context as two functions over names: expand and compact (clause 5.5.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from samstad_ngsild.context.core import (
    CORE_COERCIONS,
    CORE_CONTEXT_URI,
    CORE_PREFIXES,
    CORE_TERMS,
    DEFAULT_VOCAB,
    is_core_context_url,
)
from samstad_ngsild.context.terms import TermTable
from samstad_ngsild.errors import BadRequestData

__all__ = ["CORE", "Context", "ContextSource", "compile_context", "encoded_source"]

ContextSource = str | list[Any] | dict[str, Any]

_MEMO_NAMES = 4096
_MEMO_LENGTH = 256


class _Memo(dict[str, str]):
    """A bounded memory of one function of text; asking it is one dict look-up."""

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, name: str) -> str:
        answer = self._compute(name)
        if len(name) <= _MEMO_LENGTH:
            if len(self) >= _MEMO_NAMES:
                self.clear()
            self[name] = answer
        return answer


class Context:
    """A compiled @context: the user's contexts in order, the core @context last (clause 4.4).

    Attributes:
        expand: term, compact IRI or IRI → IRI; what is not defined gets the default vocabulary.
            The core's ``id`` and ``type`` give the keywords ``@id`` and ``@type``.
        expand_vocab: the same for values of VocabProperties, ``valueType``, ``objectType`` (clause 4.5.20).
        compact: IRI → the core term, the shortest user term, the local name in the default vocabulary,
            or else the IRI itself (clause 5.5.7).
        source: what the producer gave.
        output: the ``@context`` member of a response, the core @context last.
        link: the URL for a Link header; None where the source is no single URL and nobody hosts it.
        key: identity of the mapping, for caches; equal keys expand and compact alike.
        attached: what other modules prepared for this @context, by keys of their own; it lives and goes with
            the @context, and whoever puts something in bounds it.
    """

    __slots__ = (
        "_coercions",
        "_inverse",
        "_iris",
        "_prefixes",
        "attached",
        "compact",
        "expand",
        "expand_vocab",
        "key",
        "link",
        "output",
        "source",
    )

    expand: Callable[[str], str]
    expand_vocab: Callable[[str], str]
    compact: Callable[[str], str]

    def __init__(self, *, source: ContextSource, table: TermTable | None, key: str) -> None:
        self._iris = dict(CORE_TERMS) if table is None else {**table.iris, **CORE_TERMS}
        self._prefixes = dict(CORE_PREFIXES) if table is None else _prefixes_with_core(table)
        self._coercions = dict(CORE_COERCIONS) if table is None else _coercions_with_core(table)
        self._inverse = _inverse(self._iris)
        self.source = source
        self.output = _output(source)
        self.link = _link(source)
        self.key = key
        self.attached: dict[Any, Any] = {}
        self._remember()

    @property
    def size(self) -> int:
        """The number of terms, the core's among them."""
        return len(self._iris)

    def coercion(self, term: str) -> str | None:
        """Return the ``@type`` that a term has by the @context: ``@id``, ``@vocab``, a datatype, or None."""
        return self._coercions.get(term)

    def hosted_at(self, url: str) -> Context:
        """Return the same mapping with a URL of its own, for a Link header (clause 6.3.6)."""
        twin = object.__new__(Context)
        for slot in Context.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.link = url
        return twin

    def _remember(self) -> None:
        self.expand = self.expand_vocab = _Memo(self._expand).__getitem__
        self.compact = _Memo(self._compact).__getitem__

    def _expand(self, term: str) -> str:
        known = self._iris.get(term)
        if known is not None:
            return known
        prefix, colon, suffix = term.partition(":")
        if not colon or not prefix:
            return DEFAULT_VOCAB + term
        if prefix == "_" or suffix.startswith("//"):
            return term
        base = self._prefixes.get(prefix)
        return term if base is None else base + suffix

    def _compact(self, iri: str) -> str:
        term = self._inverse.get(iri)
        if term is not None:
            return term
        if iri.startswith(DEFAULT_VOCAB):
            local = iri[len(DEFAULT_VOCAB) :]
            if local and self._expand(local) == iri:
                return local
        return iri

    def __repr__(self) -> str:
        return f"Context({self.source!r})"


def compile_context(
    source: ContextSource,
    locals_: Iterable[dict[str, Any] | None],
    *,
    max_terms: int = 20_000,
    seeds: Iterable[bytes] = (),
) -> Context:
    """Compile local contexts, all remote references already replaced by what they hold, in their order.

    Args:
        source: what the producer gave, kept for output.
        locals_: the term maps in order; None forgets those before it.
        max_terms: limit on the number of definitions.
        seeds: digests of the remote documents, so that the key changes with their content.

    Raises:
        BadRequestData: for a @context that JSON-LD or clause 5.5.7 forbids.
    """
    table = TermTable(max_terms=max_terms)
    for local in locals_:
        if local is None:
            table.reset()
        else:
            table.add(local)
    digest = hashlib.sha256(encoded_source(source))
    for seed in seeds:
        digest.update(seed)
    return Context(source=source, table=table, key=digest.hexdigest())


def encoded_source(source: ContextSource) -> bytes:
    """Return the JSON text of what a producer gave.

    Raises:
        BadRequestData: it is nested too deep to be a @context.
    """
    try:
        return orjson.dumps(source)
    except TypeError as error:
        raise BadRequestData(f"The @context cannot be read: {error}.", pointer="/@context") from error


def _prefixes_with_core(table: TermTable) -> dict[str, str]:
    user = {prefix: iri for prefix, iri in table.prefixes.items() if prefix not in CORE_TERMS}
    return {**user, **CORE_PREFIXES}


def _coercions_with_core(table: TermTable) -> dict[str, str]:
    user = {term: kind for term, kind in table.coercions.items() if term not in CORE_TERMS}
    return {**user, **CORE_COERCIONS}


def _inverse(iris: dict[str, str]) -> dict[str, str]:
    """Map each IRI to its best term: a core term, else the shortest, else the first in the alphabet."""
    inverse: dict[str, str] = {}
    for term in sorted(iris, key=lambda term: (term not in CORE_TERMS, len(term), term)):
        iri = iris[term]
        if not iri.startswith("@"):
            inverse.setdefault(iri, term)
    return inverse


def _output(source: ContextSource) -> ContextSource:
    if isinstance(source, str):
        return CORE_CONTEXT_URI if is_core_context_url(source) else [source, CORE_CONTEXT_URI]
    if isinstance(source, dict):
        return [source, CORE_CONTEXT_URI] if source else CORE_CONTEXT_URI
    user = [item for item in source if not (isinstance(item, str) and is_core_context_url(item))]
    return [*user, CORE_CONTEXT_URI] if user else CORE_CONTEXT_URI


def _link(source: ContextSource) -> str | None:
    output = _output(source)
    if not isinstance(output, list):
        return CORE_CONTEXT_URI
    users = output[:-1]
    return users[0] if len(users) == 1 and isinstance(users[0], str) else None


CORE = Context(source=CORE_CONTEXT_URI, table=None, key="core")
"""The core @context alone, which stands where nobody gives another (clause 5.5.5)."""

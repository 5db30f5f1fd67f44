"""What a JSON-LD @context says about names, read once into tables (JSON-LD 1.1, clauses 4.4 and 5.5.7).

Only the rules that concern names are here: an NGSI-LD body is never expanded as a JSON-LD graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from samstad_ngsild.errors import BadRequestData

__all__ = ["TermTable"]

_GEN_DELIMS = (":", "/", "?", "#", "[", "]", "@")
_KEYWORD_SHAPE = re.compile(r"@[A-Za-z]+\Z")
_CONTEXT_KEYWORDS = frozenset(
    {"@version", "@base", "@vocab", "@language", "@direction", "@propagate", "@protected"}
)
_MAX_DEPTH = 64
_ALIASABLE = frozenset({"@id", "@type", "@graph", "@value", "@language", "@set", "@list", "@json", "@index",
                        "@none", "@nest", "@included", "@reverse", "@direction"})  # fmt: skip


class TermTable:
    """The names that a sequence of local contexts defines; a later definition wins over an earlier one.

    Args:
        max_terms: how many terms the whole sequence may define before BadRequestData.
    """

    __slots__ = ("_depth", "_max_terms", "coercions", "iris", "prefixes", "vocab")

    def __init__(self, *, max_terms: int) -> None:
        self._max_terms = max_terms
        self._depth = 0
        self.iris: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        self.coercions: dict[str, str] = {}
        self.vocab: str | None = None

    def reset(self) -> None:
        """Forget everything, as a ``null`` in an @context array wants it."""
        self.iris.clear()
        self.prefixes.clear()
        self.coercions.clear()
        self.vocab = None

    def add(self, local: Mapping[str, Any]) -> None:
        """Take the definitions of one local context over the ones there are.

        Raises:
            BadRequestData: for scoped contexts, ``@import``, cycles, and whatever JSON-LD forbids.
        """
        if len(self.iris) + len(local) > self._max_terms:
            raise BadRequestData(
                f"The @context defines more than {self._max_terms} terms.", pointer="/@context"
            )
        if "@import" in local:
            raise BadRequestData(
                "The @context uses @import; name the other @context in an array instead.",
                pointer="/@context/@import",
            )
        if "@vocab" in local:
            self._set_vocab(local["@vocab"])
        state: dict[str, bool] = {}
        for term in local:
            self._define(term, local, state)

    def expand(self, value: str, local: Mapping[str, Any] | None, state: dict[str, bool]) -> str:
        """Return the IRI of a term, a compact IRI or an IRI; what no rule reaches comes back unchanged."""
        if local is not None and value in local and not state.get(value):
            self._define(value, local, state)
        known = self.iris.get(value)
        if known is not None:
            return known
        prefix, colon, suffix = value.partition(":")
        if colon and prefix:
            if prefix == "_" or suffix.startswith("//"):
                return value
            if local is not None and prefix in local and not state.get(prefix):
                self._define(prefix, local, state)
            base = self.prefixes.get(prefix)
            return value if base is None else base + suffix
        return value if self.vocab is None else self.vocab + value

    def _set_vocab(self, vocab: Any) -> None:
        if vocab is None:
            self.vocab = None
            return
        if not isinstance(vocab, str):
            raise BadRequestData("@vocab of the @context must be an IRI or null.", pointer="/@context/@vocab")
        self.vocab = self.expand(vocab, None, {})

    def _define(self, term: str, local: Mapping[str, Any], state: dict[str, bool]) -> None:
        if term in state:
            if state[term]:
                return
            raise BadRequestData(
                f"The @context defines {term!r} by way of itself.", pointer=f"/@context/{term}"
            )
        if term in _CONTEXT_KEYWORDS or _KEYWORD_SHAPE.match(term):
            return
        if not term:
            raise BadRequestData("The @context defines an empty term.", pointer="/@context")
        if self._depth >= _MAX_DEPTH:
            raise BadRequestData(
                f"The @context defines {term!r} by way of more than {_MAX_DEPTH} others.",
                pointer=f"/@context/{term}",
            )
        state[term] = False
        self._forget(term)
        self._depth += 1
        self._read(term, local, state)
        self._depth -= 1
        state[term] = True

    def _read(self, term: str, local: Mapping[str, Any], state: dict[str, bool]) -> None:
        definition = local[term]
        if isinstance(definition, str):
            self._bind(term, definition, self._iri_of(term, definition, local, state), simple=True)
        elif isinstance(definition, dict):
            self._define_expanded(term, definition, local, state)
        elif definition is not None:
            raise BadRequestData(
                f"The @context defines {term!r} by a {type(definition).__name__}; "
                "a term is defined by an IRI or an object.",
                pointer=f"/@context/{term}",
            )

    def _define_expanded(
        self, term: str, definition: dict[str, Any], local: Mapping[str, Any], state: dict[str, bool]
    ) -> None:
        if "@context" in definition:
            raise BadRequestData(
                f"The @context has a scoped context at {term!r}, which clause 5.5.7 forbids; "
                "define its terms at the top.",
                pointer=f"/@context/{term}/@context",
            )
        identifier = definition.get("@reverse", definition.get("@id", term))
        if identifier is None:
            return
        if not isinstance(identifier, str):
            raise BadRequestData(
                f"@id of {term!r} in the @context must be text.", pointer=f"/@context/{term}/@id"
            )
        self._bind(term, identifier, self._iri_of(term, identifier, local, state), simple=False)
        if definition.get("@prefix") is True and term in self.iris:
            self.prefixes[term] = self.iris[term]
        coercion = definition.get("@type")
        if coercion is not None:
            self._coerce(term, coercion, local, state)

    def _coerce(self, term: str, coercion: Any, local: Mapping[str, Any], state: dict[str, bool]) -> None:
        if not isinstance(coercion, str):
            raise BadRequestData(
                f"@type of {term!r} in the @context must be text.", pointer=f"/@context/{term}/@type"
            )
        self.coercions[term] = coercion if coercion[0:1] == "@" else self.expand(coercion, local, state)

    def _iri_of(self, term: str, identifier: str, local: Mapping[str, Any], state: dict[str, bool]) -> str:
        if identifier == term:
            # A term that names itself is a compact IRI, or falls to the vocabulary.
            prefix, colon, _ = term.partition(":")
            if colon and prefix in local and prefix != term:
                self.expand(prefix, local, state)
            return self.expand(term, None, state)
        if identifier in _ALIASABLE:
            return identifier
        return self.expand(identifier, local, state)

    def _bind(self, term: str, identifier: str, iri: str, *, simple: bool) -> None:
        if iri in _ALIASABLE:
            self.iris[term] = iri
            return
        if ":" not in iri:
            if identifier == term:
                return  # left to the default vocabulary of the core @context
            raise BadRequestData(
                f"The @context maps {term!r} to {iri!r}, which is no absolute IRI; "
                "write it in full or define its prefix.",
                pointer=f"/@context/{term}",
            )
        self.iris[term] = iri
        if simple and ":" not in term and "/" not in term and iri.endswith(_GEN_DELIMS):
            self.prefixes[term] = iri

    def _forget(self, term: str) -> None:
        self.iris.pop(term, None)
        self.prefixes.pop(term, None)
        self.coercions.pop(term, None)

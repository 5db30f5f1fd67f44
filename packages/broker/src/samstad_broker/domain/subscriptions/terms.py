"""Which names a subscription uses, so that it can be understood again without fetching any @context.

The names of a subscription are stored as the subscriber wrote them, together with what they stood for
then: a node starts, and goes on matching, with every context server gone (invariant I1).
"""

from __future__ import annotations

from collections.abc import Mapping

from samstad_ngsild.context import CORE, Context, ContextSource, compile_context
from samstad_ngsild.entities.names import attribute_iri
from samstad_ngsild.errors import BadRequestData

__all__ = ["RecordedNames", "context_of_terms", "joined_terms"]


class RecordedNames:
    """An @context that notes what it was asked.

    Attributes:
        terms: name as written → IRI, for every name that was asked for and is not its own IRI.
    """

    __slots__ = ("_context", "_expand", "terms")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._expand = context.expand
        self.terms: dict[str, str] = {}

    def expand(self, term: str, /) -> str:
        """Return the IRI of a name and note it."""
        iri = self._expand(term)
        if iri != term:
            self.terms[term] = iri
        return iri

    def attribute(self, name: str, pointer: str) -> str:
        """Return the IRI of an attribute's name and note it.

        Raises:
            BadRequestData: it cannot name an attribute (clause 4.6.2).
        """
        attribute_iri(name, self._context, pointer=pointer)
        return self.expand(name)

    def expand_vocab(self, value: str, /) -> str:
        """Return the IRI of a value of a VocabProperty and note it."""
        return self.expand(value)


def context_of_terms(terms: Mapping[str, str], source: ContextSource, *, link: str | None) -> Context:
    """Return a context that knows these names alone, and otherwise says that it is another.

    A notification made with it is right, if less readable: names that it does not know stay IRIs.
    """
    local = {term: iri for term, iri in terms.items() if ":" not in term and CORE.expand(term) != iri}
    context = compile_context(source, [local])
    return context if link is None else context.hosted_at(link)


def joined_terms(terms: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return both sets of names together.

    Raises:
        BadRequestData: a name stands for different things in them.
    """
    for term, iri in more.items():
        if terms.get(term, iri) != iri:
            raise BadRequestData(
                f"{term!r} stands for {terms[term]} in the subscription but for {iri} in this request; "
                "send the @context that the subscription was created with.",
                pointer="@context",
            )
    return {**terms, **more}

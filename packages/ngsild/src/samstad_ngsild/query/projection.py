"""The attribute projection language: pick and omit (clause 4.21), and lists of attribute names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from samstad_ngsild.document import CORE_MEMBERS
from samstad_ngsild.errors import BadRequestData, TooComplexQuery
from samstad_ngsild.query.expression import NameExpander
from samstad_ngsild.query.literals import is_name

__all__ = ["Projection", "parse_names", "parse_projection"]

_NAME = re.compile(r"[^,|{}\s]+")
_MAX_TEXT = 16_384
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Projection:
    """Members of an entity, each perhaps with members of the entities it links to.

    Attributes:
        terms: (name, projection of linked entities or None) in the order of the text, names once.
    """

    terms: tuple[tuple[str, Projection | None], ...]

    @property
    def names(self) -> frozenset[str]:
        """The members of the entity itself."""
        return frozenset(name for name, _ in self.terms)

    @property
    def depth(self) -> int:
        """Over how many relationships the projection reaches (clause 5.7.2.4)."""
        return max((1 + inner.depth for _, inner in self.terms if inner is not None), default=0)

    def linked(self, name: str) -> Projection | None:
        """Return what is projected of the entities that a member links to; None: nothing was said."""
        return dict(self.terms).get(name)

    def expanded(self, context: NameExpander) -> Projection:
        """Return the same with IRIs for attribute names; id, type, scope and their like stay short."""
        return Projection(
            tuple(
                (
                    name if name in CORE_MEMBERS else context.expand(name),
                    None if inner is None else inner.expanded(context),
                )
                for name, inner in self.terms
            )
        )

    def to_text(self) -> str:
        """Return the canonical text."""
        return ",".join(
            name if inner is None else f"{name}{{{inner.to_text()}}}" for name, inner in self.terms
        )


def parse_projection(text: str | Iterable[str], *, pointer: str) -> Projection:
    """Return the projection in a parameter, or in the strings of an array (clause 5.2.23).

    Raises:
        BadRequestData: a name is missing or wrong, or a brace is not closed; ``position`` says where.
        TooComplexQuery: it is too long or nests too deeply.
    """
    joined = text if isinstance(text, str) else ",".join(text)
    if len(joined) > _MAX_TEXT:
        raise TooComplexQuery(f"{pointer} may have {_MAX_TEXT} characters.", pointer=pointer)
    projection, end = _terms(joined, 0, pointer, 0)
    if end < len(joined):
        raise _broken(pointer, end, f"did not expect {joined[end]!r}")
    return projection


def _terms(text: str, at: int, pointer: str, depth: int) -> tuple[Projection, int]:
    if depth > _MAX_DEPTH:
        raise TooComplexQuery(
            f"{pointer} nests braces deeper than {_MAX_DEPTH}.", pointer=pointer, position=at
        )
    found: dict[str, Projection | None] = {}
    while True:
        match = _NAME.match(text, at)
        if match is None:
            raise _broken(pointer, at, "the name of a member is missing")
        name = match[0]
        if not is_name(name) and ":" not in name:
            raise _broken(pointer, at, f"{name!r} is neither a name (clause 4.6.2) nor a URI")
        at = match.end()
        inner = None
        if text.startswith("{", at):
            opened = at
            inner, at = _terms(text, at + 1, pointer, depth + 1)
            if not text.startswith("}", at):
                raise _broken(pointer, opened, "the brace is not closed")
            at += 1
        found[name] = _merged(found.get(name), inner)
        if text[at : at + 1] not in {",", "|"}:
            return Projection(tuple(found.items())), at
        at += 1


def _merged(first: Projection | None, second: Projection | None) -> Projection | None:
    if first is None or second is None:
        return first or second
    terms: Mapping[str, Projection | None] = dict(first.terms)
    return Projection(
        tuple({**terms, **{n: _merged(terms.get(n), inner) for n, inner in second.terms}}.items())
    )


def _broken(pointer: str, at: int, what: str) -> BadRequestData:
    return BadRequestData(
        f"{pointer} cannot be read at character {at}: {what}.", pointer=pointer, position=at
    )


def parse_names(text: str | Iterable[str], *, pointer: str) -> tuple[str, ...]:
    """Return a list of attribute names (attrs, expandValues, jsonKeys), each once.

    Raises:
        BadRequestData: the list is empty, or an element is neither a name nor a URI.
    """
    projection = parse_projection(text, pointer=pointer)
    if projection.depth:
        raise BadRequestData(f"{pointer} takes plain names without braces.", pointer=pointer)
    return tuple(name for name, _ in projection.terms)

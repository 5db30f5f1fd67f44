"""The nodes of a query expression (clause 4.9), frozen so that they serve as cache keys.

- a query is a Comparison, an Existence, a Conjunction or a Disjunction;
- the operand of == and != is a Literal, a Range or a ValueList, of the other operators one Literal;
- a Literal is a number, a truth value, a quoted str, a Temporal, or a Reference (a bare URI or name).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

__all__ = [
    "Comparison",
    "Conjunction",
    "Disjunction",
    "Existence",
    "Link",
    "Literal",
    "NameExpander",
    "Operand",
    "Path",
    "QExpression",
    "Range",
    "Reference",
    "Temporal",
    "ValueList",
]


class NameExpander(Protocol):
    """What a query needs of an @context (clause 5.5.7)."""

    def expand(self, term: str, /) -> str:
        """Return the IRI of an attribute or type name."""
        ...

    def expand_vocab(self, value: str, /) -> str:
        """Return the IRI of a value of a VocabProperty."""
        ...


@dataclass(frozen=True, slots=True)
class Temporal:
    """A DateTime, Date or Time (clause 4.6.3): compared by ``key``, written as ``text``."""

    text: str
    key: datetime | date | time


@dataclass(frozen=True, slots=True)
class Reference:
    """An unquoted value that is no number, truth value or time: a URI, or a name for a VocabProperty."""

    text: str


Literal = bool | int | float | str | Temporal | Reference


@dataclass(frozen=True, slots=True)
class Range:
    """``low..high``, both included and of one kind."""

    low: Literal
    high: Literal


@dataclass(frozen=True, slots=True)
class ValueList:
    """``a,b,c``: any of them."""

    values: tuple[Literal, ...]


Operand = Literal | Range | ValueList


@dataclass(frozen=True, slots=True)
class Link:
    """One step over a Relationship, ``name{types:...}``; no types: any linked entity."""

    name: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is: over linked entities, along attribute names, into a JSON value.

    Attributes:
        names: attribute and sub-attribute names as the caller wrote them.
        members: what stood in square brackets: JSON members, a language tag or ``*``.
        links: relationships to follow first.
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Existence:
    """The attribute is there."""

    path: Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path operator operand``; a pattern operator has the regular expression as a str."""

    path: Path
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of the parts (``;``); at least two, none of them a Conjunction."""

    parts: tuple[QExpression, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Any of the parts (``|``); at least two, none of them a Disjunction."""

    parts: tuple[QExpression, ...]


QExpression = Comparison | Existence | Conjunction | Disjunction

"""The entity type selection language (clause 4.17)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

from samstad_ngsild.query.expression import NameExpander
from samstad_ngsild.query.literals import is_name
from samstad_ngsild.query.selection import (
    AllOf,
    AnyOf,
    Selection,
    compile_selection,
    leaves,
    parse_selection,
    selection_text,
)

__all__ = ["TypeSelection", "alternatives", "compile_type_selection", "parse_type_selection"]


@dataclass(frozen=True, slots=True)
class TypeSelection:
    """Which types an entity must have; without a formula any will do (``*``, local scope only)."""

    formula: Selection | None

    @property
    def is_everything(self) -> bool:
        """Whether ``*`` was given, which implies local scope (clause 6.4.3.2)."""
        return self.formula is None

    def to_text(self) -> str:
        """Return the canonical text."""
        return "*" if self.formula is None else selection_text(self.formula)


@lru_cache(maxsize=256)
def parse_type_selection(text: str, *, pointer: str = "type") -> TypeSelection:
    """Return the selection in a text such as ``Building|(Home;Vehicle)`` or ``*``.

    Raises:
        BadRequestData: an element is neither a name (clause 4.6.2) nor a URI, or the formula is broken.
    """
    if text.strip() == "*":
        return TypeSelection(None)
    return TypeSelection(parse_selection(text, check=_type_name, pointer=pointer))


def _type_name(text: str) -> str:
    if is_name(text) or (":" in text[1:] and not any(c.isspace() or c in '"<>\\^`{}*' for c in text)):
        return text
    message = "is neither the name of a type nor a URI; names begin with a letter"
    raise ValueError(message)


def compile_type_selection(
    selection: TypeSelection, context: NameExpander
) -> Callable[[Collection[str]], bool]:
    """Return a function that tells whether an entity with these expanded types is selected."""
    formula = selection.formula
    if formula is None:
        return lambda _types: True
    if isinstance(formula, str):
        wanted = context.expand(formula)
        return lambda types: wanted in types
    if isinstance(formula, AnyOf) and all(isinstance(part, str) for part in formula.parts):
        any_of = frozenset(map(context.expand, leaves(formula)))
        return lambda types: not any_of.isdisjoint(types)

    def has(name: str) -> Callable[[Collection[str]], bool]:
        iri = context.expand(name)
        return lambda types: iri in types

    return compile_selection(formula, has)


def alternatives(selection: TypeSelection, context: NameExpander) -> frozenset[str] | None:
    """Return types of which every selected entity has at least one; None: no such set is known (``*``).

    An index reads the entities of these types and asks the compiled selection about each.
    """
    return None if selection.formula is None else frozenset(map(context.expand, _some_of(selection.formula)))


def _some_of(formula: Selection) -> list[str]:
    match formula:
        case AllOf(parts):
            # Any part will do as a filter: the one with the fewest types reads the least.
            return min((_some_of(part) for part in parts), key=len)
        case AnyOf(parts):
            return [name for part in parts for name in _some_of(part)]
        case _:
            return [formula]

"""Sets chosen by a formula: the shape that type selections (4.17) and scope queries (4.19) share.

The clauses allow parentheses around a conjunction only; here they nest, since a formula that a
person writes may, and ``;`` binds stronger than ``|`` and ``,`` as in clause 4.9.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

from samstad_ngsild.errors import BadRequestData, TooComplexQuery

__all__ = ["AllOf", "AnyOf", "Selection", "compile_selection", "leaves", "parse_selection", "selection_text"]

_MAX_TEXT = 16_384
_MAX_NESTING = 16
_MAX_LEAVES = 512
_SIGNS = frozenset("();|,")


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of at least two parts."""

    parts: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any of at least two parts."""

    parts: tuple[Selection, ...]


Selection = str | AllOf | AnyOf
SetTest = Callable[[Collection[str]], bool]


def parse_selection(text: str, *, check: Callable[[str], str], pointer: str) -> Selection:
    """Return the formula in a text.

    Args:
        text: elements joined by ``;`` (and), ``|`` or ``,`` (or) and parentheses.
        check: returns an element as it shall be kept; raises ValueError saying what is wrong with it.
        pointer: the parameter, for errors.

    Raises:
        BadRequestData: with the ``position`` where the text stops making sense.
        TooComplexQuery: the formula is larger than the node grants.
    """
    if len(text) > _MAX_TEXT:
        raise TooComplexQuery(f"{pointer} may have {_MAX_TEXT} characters.", pointer=pointer)
    parser = _Parser(text, check, pointer)
    selection = parser.any_of(0)
    if parser.at < len(text):
        parser.fail(f"did not expect {text[parser.at]!r} here")
    return selection


class _Parser:
    def __init__(self, text: str, check: Callable[[str], str], pointer: str) -> None:
        self.text = text
        self.check = check
        self.pointer = pointer
        self.at = 0
        self.leaves = 0

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        position = self.at if at is None else at
        detail = f"{self.pointer} cannot be read at character {position}: {what}."
        raise BadRequestData(detail, pointer=self.pointer, position=position)

    def any_of(self, depth: int) -> Selection:
        parts = [self.all_of(depth)]
        while self.text[self.at : self.at + 1] in {"|", ","}:
            self.at += 1
            parts.append(self.all_of(depth))
        flat = tuple(x for p in parts for x in (p.parts if isinstance(p, AnyOf) else (p,)))
        return flat[0] if len(flat) == 1 else AnyOf(flat)

    def all_of(self, depth: int) -> Selection:
        parts = [self.primary(depth)]
        while self.text.startswith(";", self.at):
            self.at += 1
            parts.append(self.primary(depth))
        flat = tuple(x for p in parts for x in (p.parts if isinstance(p, AllOf) else (p,)))
        return flat[0] if len(flat) == 1 else AllOf(flat)

    def primary(self, depth: int) -> Selection:
        if not self.text.startswith("(", self.at):
            return self.element()
        opened = self.at
        if depth >= _MAX_NESTING:
            detail = f"{self.pointer} nests parentheses deeper than {_MAX_NESTING}."
            raise TooComplexQuery(detail, pointer=self.pointer, position=opened)
        self.at += 1
        inner = self.any_of(depth + 1)
        if not self.text.startswith(")", self.at):
            self.fail("the parenthesis is not closed", opened)
        self.at += 1
        return inner

    def element(self) -> str:
        start = end = self.at
        while end < len(self.text) and self.text[end] not in _SIGNS:
            end += 1
        element = self.text[start:end].strip()
        if not element:
            self.fail("an element is missing")
        self.leaves += 1
        if self.leaves > _MAX_LEAVES:
            detail = f"{self.pointer} names more than {_MAX_LEAVES} elements."
            raise TooComplexQuery(detail, pointer=self.pointer)
        try:
            kept = self.check(element)
        except ValueError as error:
            self.fail(f"{element!r} {error}")
        self.at = end
        return kept


def selection_text(selection: Selection) -> str:
    """Return the canonical text, which parses to the same formula."""
    match selection:
        case AllOf(parts):
            texts = ((selection_text(part), part) for part in parts)
            return ";".join(f"({text})" if isinstance(part, AnyOf) else text for text, part in texts)
        case AnyOf(parts):
            return "|".join(map(selection_text, parts))
        case _:
            return selection


def leaves(selection: Selection) -> Iterator[str]:
    """Yield the elements in the order of the text."""
    if isinstance(selection, str):
        yield selection
    else:
        for part in selection.parts:
            yield from leaves(part)


def compile_selection(selection: Selection, leaf: Callable[[str], SetTest]) -> SetTest:
    """Return whether a set meets the formula, given what each element demands of the set."""
    if isinstance(selection, str):
        return leaf(selection)
    tests = tuple(compile_selection(part, leaf) for part in selection.parts)
    if isinstance(selection, AllOf):
        return lambda members: all([test(members) for test in tests])  # noqa: C419 - a list is cheaper here
    return lambda members: any([test(members) for test in tests])  # noqa: C419 - a list is cheaper here

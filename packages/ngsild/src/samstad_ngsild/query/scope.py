"""The scope query language (clause 4.19) and the form of scopes (clause 4.18)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

from samstad_ngsild.query.selection import Selection, compile_selection, parse_selection, selection_text

__all__ = ["ScopeQuery", "compile_scope_query", "parse_scope_query"]

_LEVEL = re.compile(r"[^\W\d_]\w*\Z")


@dataclass(frozen=True, slots=True)
class ScopeQuery:
    """Which scopes an entity must have; every element begins with a slash."""

    formula: Selection

    def to_text(self) -> str:
        """Return the canonical text."""
        return selection_text(self.formula)


@lru_cache(maxsize=256)
def parse_scope_query(text: str, *, pointer: str = "scopeQ") -> ScopeQuery:
    """Return the query in a text such as ``/Madrid/+/ParqueNorte,(/CompanyA;/Madrid/#)``.

    The leading slash may be missing, as in the clause's example 5.

    Raises:
        BadRequestData: an element is no scope with wildcards, or the formula is broken.
    """
    return ScopeQuery(parse_selection(text, check=_scope, pointer=pointer))


def _scope(text: str) -> str:
    scope = text if text.startswith("/") else "/" + text
    levels = scope[1:].split("/")
    for number, level in enumerate(levels, start=1):
        if level == "#" and number == len(levels):
            continue
        if level != "+" and (_LEVEL.match(level) is None or not level[0].isalpha()):
            message = (
                "is not a scope: levels are names, begin with a letter and are joined by /; "
                "+ stands for any one level, # at the end for all levels below"
            )
            raise ValueError(message)
    return scope


def compile_scope_query(query: ScopeQuery) -> Callable[[Collection[str]], bool]:
    """Return a function that tells whether an entity with these scopes matches; without scopes none does."""
    return compile_selection(query.formula, _scope_test)


def _scope_test(wanted: str) -> Callable[[Collection[str]], bool]:
    if wanted == "/#":
        return lambda scopes: len(scopes) > 0
    below = wanted.endswith("/#")
    base = wanted[:-2] if below else wanted
    if "+" in base.split("/"):
        body = re.escape(base).replace(r"\+", "[^/]+")
        matches = re.compile(body + ("(?:/.*)?" if below else ""), re.DOTALL).fullmatch
        return lambda scopes: any(matches(scope) is not None for scope in scopes)
    if below:
        prefix = base + "/"
        return lambda scopes: any(scope == base or scope.startswith(prefix) for scope in scopes)
    return lambda scopes: base in scopes

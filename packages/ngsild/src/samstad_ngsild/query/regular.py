r"""Regular expressions from strangers, matched in time linear in the text (clauses 4.9, 5.2.33; I5).

The accepted language is that of POSIX extended expressions with the usual classes: literals, ``.``,
``[...]`` with ranges, negation and ``[:alpha:]``, ``\d \w \s`` and their negations, ``^ $``, groups,
``|``, ``* + ? {m,n}`` (a following ``?`` changes nothing), and ``(?i)`` at the very beginning.
Back-references and look-around need backtracking and are refused. As with ``regexec`` a pattern
matches anywhere in the text; anchor it with ``^`` and ``$`` where the whole text is meant.

A pattern without more than one quantifier, over one character, goes to the ``re`` module: its
worst case is quadratic and short texts bound it. Every other pattern runs in an automaton whose
states are found while matching and kept in a bounded cache: no pattern and no text makes it backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from samstad_ngsild.errors import BadRequestData, TooComplexQuery
from samstad_ngsild.query._automaton import Automaton
from samstad_ngsild.query._regular_syntax import Complexity, PatternSyntax, parse_pattern

__all__ = ["MAX_MATCHED_TEXT", "MAX_PATTERN", "SafePattern", "compile_pattern"]

MAX_PATTERN = 512
"""Characters that a pattern may have."""

MAX_MATCHED_TEXT = 4_096
"""A longer text matches no pattern."""

_QUADRATIC_LIMIT = 512
"""Texts up to this length may be searched by ``re`` with one quantifier: about 0.1 million steps."""


@dataclass(frozen=True, slots=True)
class SafePattern:
    """A pattern that is safe to run; equal patterns compare equal."""

    text: str
    search: Callable[[str], bool]


def compile_pattern(text: str, *, pointer: str | None = None, position: int | None = None) -> SafePattern:
    """Return a pattern ready to search.

    Raises:
        BadRequestData: the text is no regular expression, or needs backtracking.
        TooComplexQuery: it is too long or repeats too much.
    """
    members = {} if position is None else {"position": position}
    if len(text) > MAX_PATTERN:
        detail = f"A regular expression may have {MAX_PATTERN} characters; this one has {len(text)}."
        raise TooComplexQuery(detail, pointer=pointer, **members)
    try:
        return _compiled(text)
    except PatternSyntax as error:
        detail = f"The regular expression {text!r} is not usable: {error}."
        raise BadRequestData(detail, pointer=pointer, **members) from None
    except Complexity as error:
        raise TooComplexQuery(
            f"The regular expression {text!r} {error}.", pointer=pointer, **members
        ) from None


@lru_cache(maxsize=128)
def _compiled(text: str) -> SafePattern:
    parsed = parse_pattern(text)
    automaton = Automaton(parsed)
    if not parsed.simple:
        return SafePattern(text, _bounded(automaton.search))
    quick = re.compile(parsed.source, re.IGNORECASE if parsed.ignore_case else 0).search

    def search(value: str) -> bool:
        if len(value) <= _QUADRATIC_LIMIT:
            return quick(value) is not None
        return len(value) <= MAX_MATCHED_TEXT and automaton.search(value)

    return SafePattern(text, search)


def _bounded(search: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: len(value) <= MAX_MATCHED_TEXT and search(value)

r"""Parses the NGSI-LD query language (clause 4.9) into a :data:`QExpression`.

More lenient than the grammar where the clause's own examples are: associations nest (example 6),
spaces may surround operators and values, and an unquoted value may be a name (example 12).
In square brackets a member or language tag may hold any character but ``. , ; | = < > ! ~``, quotes, brackets
and spaces, so that ``[en-GB]`` and ``[*]`` can be asked for. A regular expression may be quoted (only
``\"`` is unescaped then) or bare, in which case it ends at the first ``;`` or ``|`` outside its groups.
"""

from __future__ import annotations

import re
from functools import lru_cache
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C scanner, missing in the stubs
from typing import NoReturn

from samstad_ngsild.errors import BadRequestData, TooComplexQuery
from samstad_ngsild.query.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Link,
    Literal,
    Operand,
    Path,
    QExpression,
    Range,
    Reference,
    ValueList,
)
from samstad_ngsild.query.literals import bare_literal, is_name, kind_of
from samstad_ngsild.query.regular import compile_pattern

__all__ = ["MAX_LINKS", "MAX_NESTING", "MAX_TERMS", "MAX_TEXT", "parse_q"]

MAX_TEXT = 16_384
"""Characters of a query."""
MAX_NESTING = 16
"""Parentheses inside each other."""
MAX_TERMS = 256
"""Terms of a query."""
MAX_LINKS = 8
"""Relationships that one path may follow."""
_MAX_NAMES = 32
_REMEMBERED = 1_024
"""Queries up to this length are parsed once; longer ones would fill the memory for nothing."""
_MAX_VALUES = 1_000

_PATH = re.compile(r"[^\W\d_][\w:]*(?:\.[^\W\d_][\w:]*)*")
_HINT = re.compile(r"\s*([^\W\d_][\w:]*(?:,[^\W\d_][\w:]*)*):(?=[^\W\d_])")
_MEMBERS = re.compile(r"\[([^\[\]{}().,;|\"'=<>!~\s]+(?:\.[^\[\]{}().,;|\"'=<>!~\s]+)*)\]")
_OPERATOR = re.compile(r"\s*(==|!=|>=|<=|!~=|~=|>|<)\s*")
_BARE = re.compile(r"[^;|,()\"\s]+")
_PLAIN = re.compile(
    # A comma may stand before the fraction of a second (clause 4.6.3) and does not end the value there.
    r"(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d,\d{1,6}Z|(?:(?!\.\.)[^;|,()\"\s])+"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_EQUALITY = ("==", "!=")
_PATTERNS = ("~=", "!~=")


def parse_q(text: str, *, pointer: str = "q") -> QExpression:
    """Return the meaning of a query.

    Raises:
        BadRequestData: the text is not a query (clause 5.7.2.4); ``position`` says where.
        TooComplexQuery: it is longer, deeper or has more terms than the node grants.
    """
    if len(text) > MAX_TEXT:
        detail = f"A query may have {MAX_TEXT} characters; this one has {len(text)}. Ask for less at once."
        raise TooComplexQuery(detail, pointer=pointer)
    return _remembered(text, pointer) if len(text) <= _REMEMBERED else _parsed(text, pointer)


@lru_cache(maxsize=1024)
def _remembered(text: str, pointer: str) -> QExpression:
    return _parsed(text, pointer)


def _parsed(text: str, pointer: str) -> QExpression:
    parser = _Parser(text, pointer)
    expression = parser.disjunction(0)
    if parser.at < len(text):
        parser.fail(f"did not expect {text[parser.at]!r} here; join terms by ; or |")
    return expression


class _Parser:
    def __init__(self, text: str, pointer: str) -> None:
        self.text = text
        self.pointer = pointer
        self.at = 0
        self.terms = 0

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        position = self.at if at is None else at
        detail = f"The query cannot be read at character {position}: {what}."
        raise BadRequestData(detail, pointer=self.pointer, position=position)

    def too_complex(self, what: str) -> NoReturn:
        raise TooComplexQuery(f"The query has {what}.", pointer=self.pointer, position=self.at)

    def skip(self) -> None:
        text = self.text
        while self.at < len(text) and text[self.at].isspace():
            self.at += 1

    def take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.at):
            self.at += 1
            return True
        return False

    def disjunction(self, depth: int) -> QExpression:
        parts = [self.conjunction(depth)]
        while self.take("|"):
            parts.append(self.conjunction(depth))
        if len(parts) == 1:
            return parts[0]
        return Disjunction(tuple(x for p in parts for x in (p.parts if isinstance(p, Disjunction) else (p,))))

    def conjunction(self, depth: int) -> QExpression:
        parts = [self.primary(depth)]
        while self.take(";"):
            parts.append(self.primary(depth))
        if len(parts) == 1:
            return parts[0]
        return Conjunction(tuple(x for p in parts for x in (p.parts if isinstance(p, Conjunction) else (p,))))

    def primary(self, depth: int) -> QExpression:
        self.skip()
        if not self.take("("):
            return self.term()
        if depth >= MAX_NESTING:
            self.too_complex(f"parentheses nested deeper than {MAX_NESTING}")
        opened = self.at - 1
        expression = self.disjunction(depth + 1)
        if not self.take(")"):
            self.fail("the parenthesis is not closed", opened)
        self.skip()
        return expression

    def term(self) -> QExpression:
        self.terms += 1
        if self.terms > MAX_TERMS:
            self.too_complex(f"more than {MAX_TERMS} terms")
        path = self.path()
        found = _OPERATOR.match(self.text, self.at)
        if found is None:
            self.skip()
            return Existence(path)
        self.at = found.end()
        operator = found[1]
        operand = self.pattern() if operator in _PATTERNS else self.operand(operator)
        self.skip()
        return Comparison(path, operator, operand)

    def path(self) -> Path:
        links: list[Link] = []
        types: tuple[str, ...] = ()
        while True:
            names = self.names()
            if not self.take("{"):
                break
            if len(names) > 1:
                self.fail("only an attribute of the entity itself can be followed to a linked entity")
            if len(links) >= MAX_LINKS:
                self.too_complex(f"a path over more than {MAX_LINKS} relationships")
            types = self.hint()
            links.append(Link(names[0], types))
        members = self.members()
        for _ in links:
            if not self.take("}"):
                self.fail("a brace is not closed")
        return Path(names, members, tuple(links))

    def hint(self) -> tuple[str, ...]:
        found = _HINT.match(self.text, self.at)
        if found is None:
            return ()
        types = tuple(found[1].split(","))
        for name in types:
            if not is_name(name):
                self.fail(f"{name!r} is not an entity type")
        self.at = found.end()
        return types

    def names(self) -> tuple[str, ...]:
        found = _PATH.match(self.text, self.at)
        if found is None:
            self.fail("expected the name of an attribute")
        names = tuple(found[0].split("."))
        if len(names) > _MAX_NAMES:
            self.too_complex(f"a path with more than {_MAX_NAMES} names")
        for name in names:
            if not is_name(name):
                self.fail(f"{name!r} is not a name (clause 4.6.2)")
        self.at = found.end()
        return names

    def members(self) -> tuple[str, ...]:
        if not self.text.startswith("[", self.at):
            return ()
        found = _MEMBERS.match(self.text, self.at)
        if found is None:
            self.fail("square brackets hold JSON members joined by dots, a language tag or *")
        self.at = found.end()
        members = tuple(found[1].split("."))
        if len(members) > _MAX_NAMES:
            self.too_complex(f"a path with more than {_MAX_NAMES} members")
        return members

    def operand(self, operator: str) -> Operand:
        start = self.at
        value = self.value()
        if operator not in _EQUALITY:
            if isinstance(value, Reference | bool) or self.text.startswith((",", ".."), self.at):
                self.fail(f"{operator} takes one number, quoted text, date or time", start)
            return value
        if self.text.startswith("..", self.at):
            return self.range(value)
        self.skip()
        return self.value_list(value) if self.text.startswith(",", self.at) else value

    def value_list(self, first: Literal) -> ValueList:
        values = [first]
        while self.take(","):
            self.skip()
            values.append(self.value())
            self.skip()
            if len(values) > _MAX_VALUES:
                self.too_complex(f"a list of more than {_MAX_VALUES} values")
        return ValueList(tuple(values))

    def range(self, low: Literal) -> Range:
        start = self.at
        self.at += 2
        high = self.value()
        kind = kind_of(low)
        if kind != kind_of(high) or kind in {"Boolean", "URI"}:
            self.fail("a range runs between two numbers, texts, dates or times of one kind", start)
        return Range(low, high)

    def value(self) -> Literal:
        if self.text.startswith('"', self.at):
            return self.quoted()
        # Two dots end the value only where a range can be meant; inside a URI they belong to it.
        found = _PLAIN.match(self.text, self.at)
        if found is None:
            self.fail("expected a value: a number, true, false, a quoted text, a date, a time or a URI")
        try:
            literal = bare_literal(found[0])
        except ValueError as error:
            self.fail(str(error))
        if isinstance(literal, Reference):
            found = _BARE.match(self.text, self.at) or found
            literal = Reference(found[0])
        self.at = found.end()
        return literal

    def quoted(self) -> str:
        try:
            text, end = scanstring(self.text, self.at + 1, True)  # noqa: FBT003 - the decoder's own signature
        except JSONDecodeError as error:
            self.fail(f"the quoted text is not a JSON string ({error.msg})")
        if _SURROGATE.search(text) is not None:
            self.fail("the quoted text holds half of a surrogate pair")
        self.at = end
        return str(text)

    def pattern(self) -> str:
        start = self.at
        text = self.quoted_pattern() if self.take('"') else self.bare_pattern()
        if not text:
            self.fail("expected a regular expression", start)
        compile_pattern(text, pointer=self.pointer, position=start)
        return text

    def quoted_pattern(self) -> str:
        pieces = []
        text = self.text
        while self.at < len(text) and text[self.at] != '"':
            step = 2 if text[self.at] == "\\" else 1
            pieces.append(text[self.at : self.at + step])
            self.at += step
        if not self.take('"'):
            self.fail("the quoted regular expression does not end")
        return "".join('"' if piece == '\\"' else piece for piece in pieces)

    def bare_pattern(self) -> str:
        text, start, groups, in_set = self.text, self.at, 0, False
        while self.at < len(text):
            sign = text[self.at]
            if sign == "\\":
                self.at += 1
            elif in_set:
                in_set = sign != "]"
            elif groups == 0 and sign in ";|)":
                break
            else:
                groups += (sign == "(") - (sign == ")")
                in_set = sign == "["
            self.at += 1
        self.at = min(self.at, len(text))
        return text[start : self.at].strip().replace('\\"', '"')

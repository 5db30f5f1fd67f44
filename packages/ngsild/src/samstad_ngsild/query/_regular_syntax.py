"""Reads a regular expression into nodes from which ``re`` source and an automaton are made."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "Alternatives",
    "Anchor",
    "Char",
    "Complexity",
    "Node",
    "ParsedPattern",
    "PatternSyntax",
    "Repeat",
    "Sequence",
]

MAX_STATES = 800
"""Nodes of a pattern when its counts are written out."""
_MAX_DEPTH = 20
_MAX_REPEAT = 255
"""RE_DUP_MAX of POSIX."""
_BOUND = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{0,3}))?\}")
_CLASS_ESCAPES = "dDwWsS"
_CONTROL_ESCAPES = "nrtfv"
_POSIX_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "xdigit": "0-9A-Fa-f",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}


class PatternSyntax(ValueError):
    """The text is not a regular expression of the accepted language."""


class Complexity(ValueError):
    """The expression is larger than the node grants."""


@dataclass(frozen=True, slots=True)
class Char:
    """One character, described as ``re`` source."""

    source: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The beginning or end of the text."""

    end: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``part`` from ``low`` to ``high`` times; no high: without end."""

    part: Node
    low: int
    high: int | None


Node = Char | Anchor | Sequence | Alternatives | Repeat


@dataclass(frozen=True, slots=True)
class ParsedPattern:
    """The tree, the same as ``re`` source, and whether ``re`` may run it."""

    root: Node
    source: str
    ignore_case: bool
    simple: bool


def parse_pattern(text: str) -> ParsedPattern:
    """Read a pattern; raises PatternSyntax or Complexity."""
    ignore_case = text.startswith("(?i)")
    parser = _Parser(text, 4 if ignore_case else 0)
    root = parser.alternatives(0)
    if parser.at < len(text):
        message = f"there is a ) without a ( at character {parser.at}"
        raise PatternSyntax(message)
    if _size(root) > MAX_STATES:
        message = "repeats too much when it is written out"
        raise Complexity(message)
    # Choices in a row backtrack exponentially even without a quantifier: (a|a)(a|a)(a|a)...
    simple = parser.quantifiers <= 1 and parser.choices <= 1 and not parser.compound
    return ParsedPattern(root, _source(root), ignore_case, simple)


class _Parser:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.quantifiers = 0
        self.choices = 0
        self.compound = False

    def alternatives(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            message = f"nests groups deeper than {_MAX_DEPTH}"
            raise Complexity(message)
        parts = [self.sequence(depth)]
        self.choices += self.text.startswith("|", self.at)
        while self.text.startswith("|", self.at):
            self.at += 1
            parts.append(self.sequence(depth))
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.quantified(depth))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self, depth: int) -> Node:
        node = self.atom(depth)
        limits = self.quantifier()
        if limits is None:
            return node
        if isinstance(node, Anchor):
            message = f"nothing to repeat before character {self.at - 1}"
            raise PatternSyntax(message)
        self.quantifiers += 1
        self.compound |= not isinstance(node, Char)
        if self.text.startswith("?", self.at):
            self.at += 1
        if self.quantifier() is not None:
            message = f"a quantifier follows a quantifier at character {self.at - 1}"
            raise PatternSyntax(message)
        return Repeat(node, *limits)

    def quantifier(self) -> tuple[int, int | None] | None:
        sign = self.text[self.at : self.at + 1]
        if sign and sign in "*+?":
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{":
            return None
        found = _BOUND.match(self.text, self.at)
        if found is None:
            message = (
                f"the braces at character {self.at} hold no count such as {{2,5}}; escape a literal brace"
            )
            raise PatternSyntax(message)
        self.at = found.end()
        low = int(found[1])
        high = low if found[2] is None else (int(found[3]) if found[3] else None)
        if low > _MAX_REPEAT or (high is not None and (high > _MAX_REPEAT or high < low)):
            message = f"a count goes from 0 to {_MAX_REPEAT}, the smaller first"
            raise PatternSyntax(message)
        return low, high

    def atom(self, depth: int) -> Node:
        sign = self.text[self.at]
        if sign == "(":
            return self.group(depth)
        if sign == "[":
            return self.bracket()
        if sign == "\\":
            return Char(self.escape())
        if sign in "*+?{":
            message = f"nothing to repeat before character {self.at}"
            raise PatternSyntax(message)
        self.at += 1
        if sign in "^$":
            return Anchor(end=sign == "$")
        return Char("(?s:.)" if sign == "." else re.escape(sign))

    def group(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        if self.text.startswith("?", self.at):
            if not self.text.startswith("?:", self.at):
                message = (
                    f"the group at character {start} is a look-around or extension, which is not supported"
                )
                raise PatternSyntax(message)
            self.at += 2
        node = self.alternatives(depth + 1)
        if not self.text.startswith(")", self.at):
            message = f"the group at character {start} is not closed"
            raise PatternSyntax(message)
        self.at += 1
        return Sequence((node,))

    def escape(self) -> str:
        sign = self.text[self.at + 1 : self.at + 2]
        if not sign:
            message = "it ends with a backslash"
            raise PatternSyntax(message)
        self.at += 2
        if sign in _CLASS_ESCAPES or sign in _CONTROL_ESCAPES:
            return "\\" + sign
        if sign.isalnum():
            what = "a back-reference" if sign.isdigit() else "an escape"
            message = f"\\{sign} is {what} that is not supported"
            raise PatternSyntax(message)
        return re.escape(sign)

    def bracket(self) -> Char:
        start = self.at
        self.at += 1
        pieces = []
        if self.text.startswith("^", self.at):
            self.at += 1
            pieces.append("^")
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                message = f"the set at character {start} is not closed"
                raise PatternSyntax(message)
            pieces.append(self.member())
            first = False
        self.at += 1
        return Char("[" + "".join(pieces) + "]")

    def member(self) -> str:
        if self.text.startswith("[:", self.at):
            return self.posix_class()
        low = self.end_point()
        if not self.text.startswith("-", self.at) or self.text[self.at + 1 : self.at + 2] in {"]", ""}:
            return low[0]
        self.at += 1
        high = self.end_point()
        if low[1] is None or high[1] is None or low[1] > high[1]:
            message = (
                f"the range before character {self.at} does not run from a smaller to a larger character"
            )
            raise PatternSyntax(message)
        return f"{low[0]}-{high[0]}"

    def posix_class(self) -> str:
        end = self.text.find(":]", self.at)
        name = self.text[self.at + 2 : end] if end > 0 else ""
        if name not in _POSIX_CLASSES:
            message = f"there is no character class [:{name}:]"
            raise PatternSyntax(message)
        self.at = end + 2
        return _POSIX_CLASSES[name]

    def end_point(self) -> tuple[str, str | None]:
        sign = self.text[self.at]
        if sign != "\\":
            self.at += 1
            return _in_set(sign), sign
        source = self.escape()
        if source[-1] in _CLASS_ESCAPES and len(source) == 2:
            return source, None
        if source[-1] in _CONTROL_ESCAPES and len(source) == 2:
            return source, {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}[source[-1]]
        return _in_set(source[-1]), source[-1]


def _in_set(sign: str) -> str:
    # Doubled signs are reserved for set operations in a later `re`, hence every punctuation is escaped.
    return sign if sign.isalnum() or ord(sign) > 127 or sign in " _\n\r\t" else "\\" + sign


def _source(node: Node) -> str:
    match node:
        case Char(source):
            return source
        case Anchor(end):
            return r"\Z" if end else r"\A"
        case Sequence(parts):
            return "".join(f"(?:{_source(p)})" if isinstance(p, Alternatives) else _source(p) for p in parts)
        case Alternatives(parts):
            return "|".join(_source(part) for part in parts)
        case Repeat(part, low, high):
            return f"(?:{_source(part)}){{{low},{'' if high is None else high}}}"


def _size(node: Node) -> int:
    match node:
        case Sequence(parts) | Alternatives(parts):
            return sum(_size(part) + 1 for part in parts)
        case Repeat(part, low, high):
            return (_size(part) + 1) * max(low + (high is None), high or 0, 1)
        case _:
            return 1

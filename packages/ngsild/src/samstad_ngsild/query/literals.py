"""Values in a query: what a piece of text means, and how temporal text compares (clauses 4.6.3, 4.9)."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time

from samstad_ngsild.query.expression import Literal, Reference, Temporal

__all__ = ["bare_literal", "is_name", "kind_of", "literal_text", "quoted", "temporal_key"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_NUMBER_LENGTH = 64
_NAME = re.compile(r"[^\W\d_]\w*(?::[^\W\d_]\w*)?\Z")
_DATE_LENGTH = 10
_SECONDS_END = 19
"""Where the optional fraction begins in a DateTime."""
_TRUTH = {"true": True, "false": False}


def is_name(text: str) -> bool:
    """Tell whether a text is a name as clause 4.6.2 defines it, with or without a prefix."""
    return _NAME.match(text) is not None and text[0].isalpha()


def temporal_key(text: str) -> datetime | date | time | None:
    """Return what a DateTime, Date or Time means, or None for any other text.

    A leap second is no DateTime here: clause 4.6.3 gives no meaning to it.
    """
    length = len(text)
    if length < 9 or length > 27 or not text.isascii():
        return None
    try:
        if length >= 20 and text[10] == "T":
            return _date_time(text)
        if length == _DATE_LENGTH and text[4] == "-" == text[7]:
            return date.fromisoformat(text)
        if text[2] == ":" == text[5]:
            return _time(text)
    except ValueError:
        return None
    return None


def _date_time(text: str) -> datetime | None:
    if text[-1] == "Z" and text[4] == "-" == text[7] and text[13] == ":" == text[16]:
        fraction = text[_SECONDS_END:-1]
        if not fraction or (fraction[0] in ".," and fraction[1:].isdigit()):
            return datetime.fromisoformat(text)
    return None


def _time(text: str) -> time | None:
    fraction = text[8:-1]
    if (
        text[-1] != "Z"
        or len(fraction) > 7
        or (fraction and not (fraction[0] in ".," and fraction[1:].isdigit()))
    ):
        return None
    return time.fromisoformat(text[:-1])


def bare_literal(text: str) -> Literal:
    """Return the meaning of an unquoted value; raises ValueError for a number that JSON could not carry."""
    first = text[0]
    if first in "-0123456789":
        found = _NUMBER.match(text)
        if found is not None:
            return _number(text, whole=found[1] is None and found[2] is None)
        key = temporal_key(text)
        if key is not None:
            return Temporal(text, key)
    elif text in _TRUTH:
        return _TRUTH[text]
    return Reference(text)


def _number(text: str, *, whole: bool) -> int | float:
    if len(text) > _NUMBER_LENGTH:
        message = f"a number has at most {_NUMBER_LENGTH} characters"
        raise ValueError(message)
    if whole:
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        message = f"{text} is too large for a number"
        raise ValueError(message)
    return number


def kind_of(literal: Literal) -> str:
    """Return the data type of a literal, as errors name it and comparisons distinguish it."""
    if isinstance(literal, bool):
        return "Boolean"
    if isinstance(literal, int | float):
        return "Number"
    if isinstance(literal, str):
        return "String"
    if isinstance(literal, Reference):
        return "URI"
    if isinstance(literal.key, datetime):
        return "DateTime"
    return "Date" if isinstance(literal.key, date) else "Time"


def quoted(text: str) -> str:
    """Return a text as a JSON string; everything beyond ASCII stays readable."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal_text(literal: Literal) -> str:
    """Return the canonical text of a literal."""
    if isinstance(literal, bool):
        return "true" if literal else "false"
    if isinstance(literal, int | float):
        return repr(literal)
    return quoted(literal) if isinstance(literal, str) else literal.text

"""Query parameters: decoded once, read by type, refused by name (CIM 009 clauses 6.3.10, 6.3.13, 6.3.20).

Clause 6.3.20 leaves unknown parameters to the implementation ("should"). Here each operation names the
parameters that it knows, and any other one is refused with InvalidRequest: a misspelt filter that was
ignored would silently widen a query, or a deletion.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from samstad_ngsild.errors import InvalidRequest, TooManyResults

__all__ = ["MAX_PARAMETERS", "Page", "Parameters", "parse_query", "refuse_unknown"]

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NATURAL = re.compile(r"[0-9]+")
_LARGEST = 10**15 - 1
MAX_PARAMETERS = 100
_MEMO_LENGTH = 512

_FORMATS = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}


class Page(msgspec.Struct, frozen=True):
    """Which part of a result was asked for."""

    limit: int
    offset: int
    count: bool


class Parameters:
    """The parameters of one request, each read as the type that the operation wants.

    Every reader raises InvalidRequest with the name of the parameter as pointer.
    """

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """Return a parameter as it is, None where it is absent; an empty one is refused."""
        value = self.values.get(name)
        if value == "":
            raise InvalidRequest(f"The parameter {name} is empty; leave it out instead.", pointer=name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a Boolean, which is written ``true`` or ``false``."""
        value = self.values.get(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise InvalidRequest(f"The parameter {name} is true or false, not {value[:100]!r}.", pointer=name)
        return value == "true"

    def natural(self, name: str, *, minimum: int = 0, maximum: int | None = None) -> int | None:
        """Return a whole number from ``minimum`` to ``maximum``, None where it is absent.

        Without a maximum it has 15 digits at most.
        """
        value = self.values.get(name)
        if value is None:
            return None
        most = _LARGEST if maximum is None else maximum
        number = int(value) if len(value) <= 15 and _NATURAL.fullmatch(value) else -1
        if not minimum <= number <= most:
            bounds = f"from {minimum} to {most}"
            raise InvalidRequest(
                f"The parameter {name} is a whole number {bounds}, not {value[:100]!r}.", pointer=name
            )
        return number

    def words(self, name: str) -> tuple[str, ...]:
        """Return the parts of a comma-separated list, () where it is absent; no part may be empty."""
        value = self.values.get(name)
        if value is None:
            return ()
        parts = tuple(part.strip() for part in value.split(","))
        if "" in parts:
            raise InvalidRequest(
                f"The parameter {name} is a list with commas; it has an empty part.", pointer=name
            )
        return parts

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Return one of the allowed words, None where the parameter is absent."""
        value = self.values.get(name)
        if value is not None and value not in allowed:
            raise InvalidRequest(
                f"The parameter {name} is one of {', '.join(sorted(allowed))}, not {value[:100]!r}.",
                pointer=name,
            )
        return value

    def options(self, allowed: Collection[str]) -> frozenset[str]:
        """Return the words of ``options``; one that the operation does not support is refused (6.3.20)."""
        words = frozenset(self.words("options"))
        for word in words:
            if word not in allowed:
                known = f"It supports {', '.join(sorted(allowed))}." if allowed else "It supports none."
                raise InvalidRequest(
                    f"The operation does not support the option {word[:100]!r}. {known}", pointer="options"
                )
        return words

    def format(self, options: Iterable[str] = (), *, others: Collection[str] = ()) -> str:
        """Return the representation asked for by ``format``, or by its deprecated spelling in ``options``.

        Args:
            options: the words of ``options``, already checked.
            others: formats that only this operation has, such as ``temporalValues``.

        Returns:
            ``normalized`` (the default), ``concise``, ``simplified``, or one of the others (clause 6.3.7).
        """
        named = self.choice("format", [*_FORMATS, *others])
        if named is not None:
            return _FORMATS.get(named, named)
        found = {_FORMATS.get(word, word) for word in options if word in _FORMATS or word in others}
        if len(found) > 1:
            raise InvalidRequest(
                f"The options {', '.join(sorted(found))} exclude each other; give one.", pointer="options"
            )
        return found.pop() if found else "normalized"

    def page(self, *, default: int, maximum: int) -> Page:
        """Return ``limit``, ``offset`` and ``count`` (clauses 6.3.10, 6.3.13).

        Raises:
            TooManyResults: the limit is above the maximum (clause 4.12).
            InvalidRequest: one of them is malformed, or the limit is 0 without ``count=true``.
        """
        values = self.values
        if "limit" not in values and "offset" not in values and "count" not in values:
            return Page(default, 0, count=False)
        limit = self.natural("limit")
        count = self.flag("count")
        if limit is None:
            limit = default
        elif limit > maximum:
            raise TooManyResults(
                f"A page holds at most {maximum} elements; ask for fewer and follow the next links.",
                pointer="limit",
            )
        elif limit == 0 and not count:
            raise InvalidRequest(
                "A limit of 0 asks for the number of results alone, and so for count=true.", pointer="limit"
            )
        return Page(limit, self.natural("offset") or 0, count)


def parse_query(raw: str) -> Mapping[str, str]:
    """Return the decoded parameters of a raw query string; a plus sign is a space, as in forms.

    The mapping is shared between requests and must not be changed.

    Raises:
        InvalidRequest: a parameter stands twice, has no name, or is not percent-encoded UTF-8.
    """
    return _parse_memo(raw) if len(raw) <= _MEMO_LENGTH else _parse(raw)


def refuse_unknown(values: Mapping[str, str], known: Collection[str]) -> None:
    """Raise InvalidRequest for the first parameter that an operation does not know (clause 6.3.20)."""
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name[:64], known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise InvalidRequest(
                f"This operation does not know the parameter {name[:100]!r}.{hint}", pointer=name[:100]
            )


def _parse(raw: str) -> dict[str, str]:
    values: dict[str, str] = {}
    parts = raw.split("&")
    if len(parts) > MAX_PARAMETERS:
        raise InvalidRequest(f"The query string has more than {MAX_PARAMETERS} parameters.")
    for part in parts:
        if not part:
            continue
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = _decode(name, name), _decode(value, name)
        if not name:
            raise InvalidRequest(f"The query string has a value without a name: {part[:100]!r}.")
        if name in values:
            raise InvalidRequest(f"The parameter {name[:100]!r} is given twice.", pointer=name[:100])
        values[name] = value
    return values


_parse_memo = lru_cache(maxsize=1024)(_parse)


def _decode(text: str, name: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise InvalidRequest(
            f"The parameter {name[:100]!r} has a percent sign that no two hexadecimal digits follow; "
            "write %25 for the sign itself.",
            pointer=name[:100],
        )
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"The parameter {name[:100]!r} is not UTF-8 when it is decoded.", pointer=name[:100]
        ) from None

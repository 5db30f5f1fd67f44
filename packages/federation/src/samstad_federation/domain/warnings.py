"""Values of the header ``NGSILD-Warning`` (clause 6.3.17; the form is that of RFC 7234, 5.5)."""

from __future__ import annotations

import re
from enum import IntEnum

__all__ = ["WarningCode", "foreign_warnings", "warning"]

_FORM = re.compile(r'[0-9]{3} [!-~]{1,200} "[ !#-~]{0,300}"')
_UNSPEAKABLE = re.compile(r"[^ !#-\[\]-~]")
_MOST_FOREIGN = 10


class WarningCode(IntEnum):
    """What went otherwise than it should (Table 6.3.17-1)."""

    STALE = 110
    INVALID = 111
    NO_ANSWER = 199
    ERROR = 299


def warning(code: WarningCode, agent: str, text: str) -> str:
    """Return a warning of our own."""
    return f'{code.value} {agent} "{_UNSPEAKABLE.sub("?", text)[:300]}"'


def foreign_warnings(value: str | None) -> list[str]:
    """Return the warnings of a source that are passed on: what has the form of one, and not too many."""
    return [] if value is None else _FORM.findall(value)[:_MOST_FOREIGN]

"""Where each statement of a Cedar text begins, so that a refusal can point at a line."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Statement", "statements"]

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\n|[^\s]')


class Statement(NamedTuple):
    """One policy of a text, with the line (from 1) on which it begins."""

    line: int
    text: str


def statements(text: str) -> list[Statement]:
    """Split a policy text at its semicolons, minding strings and comments."""
    found: list[Statement] = []
    line, start, begun = 1, 0, 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == "\n":
            line += 1
        elif not mark.startswith("//"):
            begun = begun or line
            line += mark.count("\n")
            if mark == ";":
                found.append(Statement(begun, text[start : token.end()]))
                start, begun = token.end(), 0
    if begun:
        found.append(Statement(begun, text[start:]))
    return found

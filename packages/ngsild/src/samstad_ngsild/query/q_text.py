"""Writes a query expression back: ``parse_q(to_text(x)) == x`` for everything that ``parse_q`` returns."""

from __future__ import annotations

import re

from samstad_ngsild.query.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Operand,
    Path,
    QExpression,
    Range,
    ValueList,
)
from samstad_ngsild.query.literals import literal_text

__all__ = ["to_text"]

_PATTERN_PIECE = re.compile(r"\\.|.", re.DOTALL)


def to_text(expression: QExpression) -> str:
    """Return the canonical text of an expression: no spaces, patterns quoted, no needless parentheses."""
    match expression:
        case Existence(path):
            return _path(path)
        case Comparison(path, operator, str(pattern)) if operator.endswith("~="):
            return f'{_path(path)}{operator}"{_pattern(pattern)}"'
        case Comparison(path, operator, operand):
            return f"{_path(path)}{operator}{_operand(operand)}"
        case Conjunction(parts):
            return ";".join(f"({to_text(p)})" if isinstance(p, Disjunction) else to_text(p) for p in parts)
        case Disjunction(parts):
            return "|".join(map(to_text, parts))


def _path(path: Path) -> str:
    text = ".".join(path.names)
    if path.members:
        text += f"[{'.'.join(path.members)}]"
    for link in reversed(path.links):
        hint = f"{','.join(link.types)}:" if link.types else ""
        text = f"{link.name}{{{hint}{text}}}"
    return text


def _operand(operand: Operand) -> str:
    if isinstance(operand, ValueList):
        return ",".join(map(literal_text, operand.values))
    if isinstance(operand, Range):
        return f"{literal_text(operand.low)}..{literal_text(operand.high)}"
    return literal_text(operand)


def _pattern(text: str) -> str:
    return "".join('\\"' if piece == '"' else piece for piece in _PATTERN_PIECE.findall(text))

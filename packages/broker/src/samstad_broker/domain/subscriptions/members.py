"""Single members of a subscription body: each function returns the value or says what is wrong with it.

The pointer is that of the member in the caller's own body.
"""

from __future__ import annotations

from typing import Any

from samstad_ngsild.errors import BadRequestData

__all__ = [
    "boolean",
    "key_value_pairs",
    "positive_integer",
    "positive_us",
    "text",
    "texts",
]

_MAX_SECONDS = 10 * 366 * 86_400
_MAX_PAIRS = 50
_MAX_TEXT = 8_192


def text(value: Any, pointer: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise BadRequestData(f"{pointer} must be a text that is not empty.", pointer=pointer)
    if len(value) > _MAX_TEXT:
        raise BadRequestData(f"{pointer} is longer than {_MAX_TEXT} characters.", pointer=pointer)
    return value


def texts(value: Any, pointer: str) -> tuple[str, ...]:
    """Return a list of texts that is not empty."""
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{pointer} must be an array with at least one text.", pointer=pointer)
    return tuple(text(item, f"{pointer}/{position}") for position, item in enumerate(value))


def boolean(value: Any, pointer: str) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise BadRequestData(f"{pointer} must be true or false.", pointer=pointer)
    return value


def positive_us(value: Any, pointer: str, *, unit_us: int) -> int:
    """Return a time span greater than 0 in microseconds; ``unit_us`` is what 1 stands for."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value * unit_us <= _MAX_SECONDS * 1_000_000:
        unit = "seconds" if unit_us == 1_000_000 else "milliseconds"
        raise BadRequestData(f"{pointer} must be a number of {unit} greater than 0.", pointer=pointer)
    return max(1, int(value * unit_us))


def positive_integer(value: Any, pointer: str) -> int:
    """Return a whole number greater than 0."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or value < 1:
        raise BadRequestData(f"{pointer} must be a whole number greater than 0.", pointer=pointer)
    return int(value)


def key_value_pairs(value: Any, pointer: str) -> tuple[tuple[str, str], ...]:
    """Return KeyValuePairs (clause 5.2.22)."""
    if not isinstance(value, list) or len(value) > _MAX_PAIRS:
        raise BadRequestData(
            f"{pointer} must be an array of up to {_MAX_PAIRS} {{key, value}} objects.", pointer=pointer
        )
    return tuple(_pair(item, f"{pointer}/{position}") for position, item in enumerate(value))


def _pair(item: Any, pointer: str) -> tuple[str, str]:
    if not isinstance(item, dict) or set(item) != {"key", "value"}:
        raise BadRequestData(
            f"{pointer} must be an object with exactly the members key and value.", pointer=pointer
        )
    value = item["value"]
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise BadRequestData(f"{pointer}/value must be a text.", pointer=f"{pointer}/value")
    return text(item["key"], f"{pointer}/key"), value

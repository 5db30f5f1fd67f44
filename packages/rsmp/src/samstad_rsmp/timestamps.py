"""RSMP timestamps: UTC with three decimals, ``YYYY-MM-DDThh:mm:ss.mmmZ``; milliseconds since 1970 inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

__all__ = ["TIMESTAMP", "format_timestamp", "parse_timestamp"]

TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
"""The form that the core schemas ask of every timestamp."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")


def format_timestamp(time_ms: int) -> str:
    """Return the timestamp of a moment."""
    second, millisecond = divmod(time_ms, 1000)
    return f"{_second(second)}.{millisecond:03}Z"


@lru_cache(maxsize=1024)
def _second_of(text: str) -> int:
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return round((moment - _EPOCH) / timedelta(seconds=1))


def parse_timestamp(text: str) -> int:
    """Return the moment of a timestamp in milliseconds since 1970; ValueError when it is none."""
    whole, point, parts = text.partition(".")
    if not (
        point and len(parts) == 4 and parts.endswith("Z") and parts[:3].isascii() and parts[:3].isdigit()
    ):
        raise ValueError(f"time data {text!r} does not match YYYY-MM-DDThh:mm:ss.mmmZ")
    return _second_of(whole) * 1000 + int(parts[:3])

"""The language filter: one text of a language map by a list of preferences (clause 4.15, RFC 4647)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from samstad_ngsild.errors import InvalidRequest

__all__ = ["choose_language", "parse_languages"]

_MAX_RANGES = 32


@lru_cache(maxsize=256)
def parse_languages(text: str) -> tuple[str, ...]:
    """Return the language ranges of a text such as ``fr-CH,fr;q=0.9,*;q=0.5``, the most wanted first.

    Raises:
        InvalidRequest: it is no list of language ranges with weights (RFC 3282).
    """
    weighted: list[tuple[float, int, str]] = []
    for index, item in enumerate(text.split(",")):
        tag, _, parameter = item.strip().partition(";")
        weight = _weight(parameter.strip())
        tag = tag.strip().lower()
        if weight is None or index >= _MAX_RANGES or not _is_range(tag):
            raise InvalidRequest(
                f"{text!r:.60} is no list of languages; write it like fr-CH,fr;q=0.9,*;q=0.5.", pointer="lang"
            )
        if weight > 0:
            weighted.append((-weight, index, tag))
    return tuple(tag for _, _, tag in sorted(weighted))


def choose_language(languages: Mapping[str, Any], wanted: tuple[str, ...]) -> tuple[str, Any]:
    """Return the tag and the text that fit the preferences best; any language where none fits.

    Args:
        languages: a languageMap; it is not empty.
        wanted: ranges from ``parse_languages``.
    """
    by_lower = {tag.lower(): tag for tag in languages}
    for language_range in wanted:
        if language_range == "*":
            break
        tag = _lookup(by_lower, language_range)
        if tag is not None:
            return tag, languages[tag]
    tag = "@none" if "@none" in languages else next(iter(languages))
    return tag, languages[tag]


def _lookup(by_lower: dict[str, str], language_range: str) -> str | None:
    """Find a range itself, a narrower tag (fr → fr-CH), or a wider one (fr-CH → fr)."""
    wider = language_range
    while wider:
        if wider in by_lower:
            return by_lower[wider]
        if wider == language_range:
            narrower = [lower for lower in by_lower if lower.startswith(wider + "-")]
            if narrower:
                return by_lower[narrower[0]]
        wider = wider.rpartition("-")[0]
    return None


def _weight(parameter: str) -> float | None:
    if not parameter:
        return 1.0
    name, _, number = parameter.partition("=")
    if name.strip().lower() != "q":
        return None
    try:
        weight = float(number)
    except ValueError:
        return None
    return weight if 0 <= weight <= 1 else None


def _is_range(tag: str) -> bool:
    if tag in {"*", "@none"}:
        return True
    return all(part.isascii() and part.isalnum() and len(part) <= 8 for part in tag.split("-"))

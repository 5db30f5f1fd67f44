"""Which representation a client gets (CIM 009 clauses 6.3.4, 6.3.6, 6.3.15 and 4.3.6.8)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from samstad_broker.http.failures import NotAcceptable
from samstad_ngsild.errors import InvalidRequest

__all__ = ["GEO_JSON", "JSON", "LD_JSON", "MERGE_PATCH_JSON", "Preferences", "negotiate", "preferences"]

JSON = "application/json"
LD_JSON = "application/ld+json"
GEO_JSON = "application/geo+json"
MERGE_PATCH_JSON = "application/merge-patch+json"

_PLAIN = (JSON, LD_JSON)
_WITH_GEO = (JSON, LD_JSON, GEO_JSON)
_MAX_RANGES = 64
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")


class Preferences(NamedTuple):
    """What a Prefer header says (RFC 7240)."""

    body: str | None = None
    """``json`` or ``ld+json``, for GeoJSON (clause 6.3.6)."""
    version: str | None = None
    """The version of NGSI-LD that the payload should conform to (clause 4.3.6.8), as ``1.5``."""


NO_PREFERENCES = Preferences()


def negotiate(accept: str | None, *, geojson: bool) -> str:
    """Return the media type of the response.

    Of several that suit equally well the first of json, ld+json, geo+json is taken (clause 6.3.4).

    Args:
        accept: the Accept header, None where it is absent: JSON.
        geojson: whether the resource has a GeoJSON representation; else asking for it alone is refused.

    Raises:
        NotAcceptable: the header allows none of them.
        InvalidRequest: the header is malformed.
    """
    if accept is None or accept in ("*/*", JSON):
        return JSON
    return _choose_memo(accept, geojson) if len(accept) <= 256 else _choose(accept, geojson)


def preferences(prefer: str | None) -> Preferences:
    """Return what a Prefer header asks of us; other preferences are ignored (RFC 7240, clause 2)."""
    if prefer is None:
        return NO_PREFERENCES
    body = version = None
    for item in prefer.split(","):
        name, _, value = item.partition(";")[0].partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "body" and value in ("json", "ld+json") and body is None:
            body = value
        elif name == "ngsi-ld" and version is None and _VERSION.fullmatch(value):
            version = value
    return Preferences(body, version)


def _choose(accept: str, geojson: bool) -> str:
    available = _WITH_GEO if geojson else _PLAIN
    ranges = _ranges(accept)
    best, best_weight = "", 0.0
    for media_type in available:
        weight = _weight(media_type, ranges)
        if weight > best_weight:
            best, best_weight = media_type, weight
    if not best:
        raise NotAcceptable(accept, available=available)
    return best


_choose_memo = lru_cache(maxsize=256)(_choose)


def _weight(media_type: str, ranges: dict[str, float]) -> float:
    """The most specific range that matches decides (RFC 9110, clause 12.5.1)."""
    for pattern in (media_type, "application/*", "*/*"):
        if pattern in ranges:
            return ranges[pattern]
    return 0.0


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    items = accept.split(",")
    if len(items) > _MAX_RANGES:
        raise InvalidRequest(
            f"The Accept header names more than {_MAX_RANGES} media ranges.", pointer="Accept"
        )
    for item in items:
        name, *parameters = item.split(";")
        name = name.strip().lower()
        if name:
            ranges[name] = max(ranges.get(name, 0.0), _quality(parameters))
    return ranges


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            if not _QVALUE.fullmatch(value.strip()):
                raise InvalidRequest(
                    f"A weight q in the Accept header is from 0 to 1, not {value.strip()[:20]!r}.",
                    pointer="Accept",
                )
            return float(value)
    return 1.0

"""From NGSI-LD alerts, normalized and with the city's names, to what decides who is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from samstad_operations.domain.alert import FOREVER_US, Alert, rank

__all__ = ["ALERT", "alert_of", "is_gone"]

ALERT = "https://w3id.org/samstad/Alert"


def is_gone(document: Mapping[str, Any]) -> bool:
    """Whether a notification tells that the entity was deleted (clause 5.3.1)."""
    return "deletedAt" in document


def alert_of(document: Mapping[str, Any]) -> Alert:
    """Return an alert; what is missing or has no possible value is as if nobody had said it."""
    owners = _first(document, "owner")
    many = owners if isinstance(owners, list) else [owners]
    return Alert(
        id=document["id"],
        category=_text(document, "alertCategory"),
        kind=_text(document, "alertType"),
        severity=rank(_text(document, "severity")),
        source=_text(document, "alertSource"),
        owners=tuple(one for one in many if isinstance(one, str)),
        place=_place(_first(document, "location")),
        text=_text(document, "description"),
        waits=_first(document, "active") is True and _first(document, "acknowledged") is not True,
        silent_until_us=_silent(document),
    )


def _first(document: Mapping[str, Any], name: str) -> Any:
    told = document.get(name)
    one = told[0] if isinstance(told, list) and told else told
    if not isinstance(one, dict):
        return one
    value = next((one[member] for member in ("value", "object", "languageMap") if member in one), None)
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def _text(document: Mapping[str, Any], name: str) -> str:
    value = _first(document, name)
    if isinstance(value, dict):
        value = value.get("sv") or next(iter(value.values()), "")
    return value if isinstance(value, str) else ""


def _silent(document: Mapping[str, Any]) -> int:
    if _first(document, "suspended") is not True:
        return 0
    try:
        until = datetime.fromisoformat(_text(document, "suspendedUntil"))
    except ValueError:
        return FOREVER_US
    return FOREVER_US if until.tzinfo is None else round(until.timestamp() * 1_000_000)


def _place(geometry: Any) -> tuple[float, float] | None:
    """Return the first position of a geometry."""
    found = geometry.get("coordinates") if isinstance(geometry, dict) else None
    while isinstance(found, list) and found and isinstance(found[0], list):
        found = found[0]
    if not isinstance(found, list) or len(found) < 2:
        return None
    x, y = found[0], found[1]
    return (float(x), float(y)) if isinstance(x, int | float) and isinstance(y, int | float) else None

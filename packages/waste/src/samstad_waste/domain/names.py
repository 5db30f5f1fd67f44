"""Types and attributes: the Smart Data Models' names, and IRIs of ours where they have none.

The city's @context leaves out names that mean different things in different subjects (``refDevice``,
``temperature``); those stand here as the IRIs of the waste model.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CONTAINER", "OURS", "WM", "attribute_of", "observed_of", "own", "unit_of"]

OURS = "https://w3id.org/samstad/"
WM = "https://smartdatamodels.org/dataModel.WasteManagement/"
CONTAINER = f"{WM}WasteContainer"


def own(name: str) -> str:
    """Return the IRI of a type or an attribute of ours."""
    return OURS + name


def attribute_of(entity: dict[str, Any], *names: str) -> Any:
    """Return what the first attribute that is there says, in any representation; None where none is."""
    for name in names:
        told = _first(entity.get(name))
        if isinstance(told, dict):
            for member in ("value", "object", "json"):
                if member in told:
                    return _plain(told[member])
        if told is not None:
            return _plain(told)
    return None


def observed_of(entity: dict[str, Any], name: str) -> str | None:
    """Return when an attribute was observed, as it was told."""
    told = _first(entity.get(name))
    observed = told.get("observedAt") if isinstance(told, dict) else None
    return observed if isinstance(observed, str) else None


def unit_of(entity: dict[str, Any], name: str) -> str | None:
    """Return an attribute's UN/CEFACT unit."""
    told = _first(entity.get(name))
    unit = told.get("unitCode") if isinstance(told, dict) else None
    return unit if isinstance(unit, str) else None


def _first(told: Any) -> Any:
    return told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else told


def _plain(value: Any) -> Any:
    return value["@value"] if isinstance(value, dict) and "@value" in value else value

"""Units of measurement by their UN/CEFACT Recommendation 20 codes, as far as the models use them."""

from __future__ import annotations

from samstad_models.catalogue import Unit, load_catalogue

__all__ = ["find_unit", "list_units", "unit_text"]


def list_units() -> tuple[Unit, ...]:
    """Return all units, by code."""
    return tuple(load_catalogue().units.values())


def find_unit(code: str) -> Unit | None:
    """Return the unit of a code, or None where no model uses it."""
    return load_catalogue().units.get(code)


def unit_text(code: str, *, language: str) -> str:
    """Return a unit for people, such as ``kilogram (kg)``; the code itself where it is not known."""
    unit = find_unit(code)
    return code if unit is None else f"{unit.names[language]} ({unit.symbol})"

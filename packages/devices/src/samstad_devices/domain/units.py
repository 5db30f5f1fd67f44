"""Conversion between units that decoders use, by UN/CEFACT Recommendation 20 codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["UNITS", "Scale", "converter"]


class Scale(NamedTuple):
    """A unit: its quantity, and how it becomes the quantity's base unit (value * factor + offset)."""

    quantity: str
    factor: float
    offset: float = 0.0


UNITS: Mapping[str, Scale] = MappingProxyType(
    {
        "CEL": Scale("temperature", 1.0),
        "KEL": Scale("temperature", 1.0, -273.15),
        "FAH": Scale("temperature", 5 / 9, -160 / 9),
        "C62": Scale("ratio", 1.0),
        "P1": Scale("ratio", 0.01),
        "59": Scale("ratio", 1e-6),
        "MTR": Scale("length", 1.0),
        "CMT": Scale("length", 0.01),
        "MMT": Scale("length", 0.001),
        "KMT": Scale("length", 1_000.0),
        "VLT": Scale("voltage", 1.0),
        "2Z": Scale("voltage", 0.001),
        "AMP": Scale("current", 1.0),
        "4K": Scale("current", 0.001),
        "PAL": Scale("pressure", 1.0),
        "A97": Scale("pressure", 100.0),
        "KPA": Scale("pressure", 1_000.0),
        "BAR": Scale("pressure", 100_000.0),
        "MTS": Scale("speed", 1.0),
        "KMH": Scale("speed", 1 / 3.6),
        "SEC": Scale("time", 1.0),
        "C26": Scale("time", 0.001),
        "MIN": Scale("time", 60.0),
        "HUR": Scale("time", 3_600.0),
        "DAY": Scale("time", 86_400.0),
        "WTT": Scale("power", 1.0),
        "KWT": Scale("power", 1_000.0),
        "WHR": Scale("energy", 1.0),
        "KWH": Scale("energy", 1_000.0),
        "LTR": Scale("volume", 1.0),
        "MTQ": Scale("volume", 1_000.0),
        "GRM": Scale("mass", 1.0),
        "KGM": Scale("mass", 1_000.0),
        "GQ": Scale("massConcentration", 1.0),
        "GP": Scale("massConcentration", 1_000.0),
    }
)
"""Code → unit; codes that are not here are only ever kept as they are."""


def converter(start: str, end: str) -> tuple[float, float]:
    """Return factor and offset from one unit to another.

    Raises:
        ValueError: one of them is not known, or they are of different quantities.
    """
    if start == end:
        return 1.0, 0.0
    first, last = UNITS.get(start), UNITS.get(end)
    if first is None or last is None:
        raise ValueError(f"{start if first is None else end!r} is no unit that can be converted")
    if first.quantity != last.quantity:
        raise ValueError(f"{start} is of {first.quantity} and {end} of {last.quantity}")
    return first.factor / last.factor, (first.offset - last.offset) / last.factor

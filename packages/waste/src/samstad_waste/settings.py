"""Settings of the role."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["WasteSettings"]


class WasteSettings(msgspec.Struct, frozen=True):
    """Waste bins: when one counts as full, silent or moved, and how routes are calculated."""

    time_zone: Annotated[str, Meta(description="Where the city is, for weekdays and shifts.")] = (
        "Europe/Stockholm"
    )
    language: Annotated[str, Meta(pattern="^(sv|en)$", description="Of alerts: sv or en.")] = "sv"
    oldest_days: Annotated[
        float, Meta(ge=0, description="A bin is emptied after so many days at most; 0: as long as it holds.")
    ] = 14.0
    overflow_m: Annotated[float, Meta(gt=0, description="Metres of driving that one overflow is worth.")] = (
        2_000.0
    )
    cost_per_km: Annotated[float, Meta(ge=0, description="Of driving, in the city's currency.")] = 15.0
    cost_per_h: Annotated[float, Meta(ge=0, description="Of a lorry with its crew.")] = 850.0
    co2_per_km: Annotated[float, Meta(ge=0, description="Kilograms that a lorry gives off.")] = 0.9
    full_at: Annotated[
        float, Meta(gt=0, le=1, description="Share at which a bin counts as full, where it says nothing.")
    ] = 0.9
    fire_at_c: Annotated[float, Meta(ge=40, le=200, description="Temperature that means fire, in °C.")] = 70.0
    tilted_at_deg: Annotated[float, Meta(gt=0, le=180, description="Angle that means overturned.")] = 45.0
    moved_at_m: Annotated[float, Meta(ge=10, description="Distance from its place that means moved.")] = 75.0
    silent_after_h: Annotated[float, Meta(gt=0, description="Hours without a level that mean silent.")] = 30.0
    likely_at: Annotated[
        float, Meta(gt=0, lt=1, description="Probability of overflow before the next visit that is told.")
    ] = 0.5
    visit_every_h: Annotated[
        float, Meta(gt=0, description="Hours until the next visit, where no plan says.")
    ] = 24.0
    detour: Annotated[
        float, Meta(ge=1, le=3, description="Road metres for each metre as the crow flies.")
    ] = 1.35
    speed_kmh: Annotated[
        float, Meta(gt=1, le=130, description="Speed between stops without a road matrix.")
    ] = 28.0
    matrix_url: Annotated[
        str, Meta(description="Root of an OSRM-compatible service; empty: great circle with a detour.")
    ] = ""
    plan_seconds: Annotated[
        float, Meta(gt=0, le=600, description="Seconds of search for a plan of the day.")
    ] = 20.0
    replan_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Seconds of search for a change on the day.")
    ] = 1.0

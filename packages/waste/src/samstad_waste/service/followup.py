"""What a period brought: figures, each with the events that it is made from, so that it can be checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from samstad_ngsild.client import Selection
from samstad_waste import mapping
from samstad_waste.domain.names import attribute_of, own
from samstad_waste.domain.plan import Plan
from samstad_waste.spi.city import City

__all__ = ["Figure", "Rates", "follow_up"]

_SHOWN = 1_000
_HOUR_US = 3_600_000_000


class Rates(NamedTuple):
    """What a kilometre and an hour cost, and what a kilometre gives off."""

    kg_co2_per_km: float = 0.9
    cost_per_km: float = 15.0
    cost_per_h: float = 850.0


class Figure(NamedTuple):
    """One figure: its value and unit, of how many events, and their ids (a thousand at most)."""

    value: float | None
    unit: str
    of: int
    events: Sequence[str]


class _Emptying(NamedTuple):
    id: str
    bin: str
    before: float | None
    full_h: float


async def follow_up(
    city: City, plans: Iterable[Plan], *, from_us: int, to_us: int, rates: Rates
) -> dict[str, Figure]:
    """Return the figures of a period; raises as the client does.

    Driving counts where a crew has told of the stop at its end; what nobody told of was not driven.
    """
    emptyings = [one async for one in _emptyings(city, from_us, to_us)]
    tickets = [one async for one in _tickets(city, from_us, to_us)]
    stops = [
        (route, stop)
        for plan in plans
        for route in plan.routes
        for stop in route.stops
        if stop.status != "planned" and from_us <= stop.told_us < to_us
    ]
    metres = sum(stop.metres for _, stop in stops)
    hours = sum(_hours(route, {stop.id for _, stop in stops}) for route in _routes(stops))
    km = metres / 1000
    told = [stop.id for _, stop in stops]
    measured = [one for one in emptyings if one.before is not None]
    full = [one for one in measured if (one.before or 0) >= 1.0 or one.full_h > 0]
    fill = sum(one.before or 0 for one in measured) / len(measured) if measured else None
    cost = km * rates.cost_per_km + hours * rates.cost_per_h
    ids = [one.id for one in emptyings]
    return {
        "emptyings": Figure(len(emptyings), "", len(ids), ids[:_SHOWN]),
        "fillAtEmptying": _of(fill and round(fill, 4), "share", [one.id for one in measured]),
        "overflowHours": _of(round(sum(one.full_h for one in full), 2), "h", [one.id for one in full]),
        "serviceLevel": _of(
            round(1 - len(full) / len(measured), 4) if measured else None,
            "share",
            [one.id for one in measured],
        ),
        "distance": _of(round(km, 3), "km", told),
        "hours": _of(round(hours, 3), "h", [route.id for route in _routes(stops)]),
        "tonnes": _of(round(sum(kg for _, kg in tickets) / 1000, 3), "t", [one for one, _ in tickets]),
        "co2": _of(round(km * rates.kg_co2_per_km, 2), "kg", told),
        "cost": _of(round(cost, 2), "currency", told),
    }


def _of(value: float | None, unit: str, events: Sequence[str]) -> Figure:
    return Figure(value, unit, len(events), events[:_SHOWN])


def _routes(stops: Iterable[tuple[Any, Any]]) -> list[Any]:
    return list({route.id: route for route, _ in stops}.values())


def _hours(route: Any, told: set[str]) -> float:
    """Return the time from the start of a route until its last stop that was told of."""
    times = [stop.told_us for stop in route.stops if stop.id in told]
    return max(max(times) - route.stops[0].arrive_us, 0) / _HOUR_US if times else 0.0


async def _emptyings(city: City, from_us: int, to_us: int) -> Any:
    async for page in city.pages(Selection(type=own("WasteEmptying"))):
        for entity in page:
            if from_us <= mapping.time_us(attribute_of(entity, own("emptiedAt"))) < to_us:
                yield _Emptying(
                    entity["id"],
                    str(attribute_of(entity, own("refWasteContainer"))),
                    attribute_of(entity, own("levelBefore")),
                    float(attribute_of(entity, own("fullHours")) or 0.0),
                )


async def _tickets(city: City, from_us: int, to_us: int) -> Any:
    async for page in city.pages(Selection(type="WasteObserved")):
        for entity in page:
            weight = attribute_of(entity, "weight")
            at_us = mapping.time_us(attribute_of(entity, "dateObserved"))
            if from_us <= at_us < to_us and isinstance(weight, int | float):
                yield entity["id"], float(weight)

"""The endpoint of the follow-up: figures of a period, beside those of a dated baseline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samstad_waste import mapping
from samstad_waste.domain.errors import WasteError
from samstad_waste.http.desk import answer
from samstad_waste.service.collecting import Collecting
from samstad_waste.service.followup import Rates, follow_up
from samstad_waste.spi.city import City

__all__ = ["Figures"]

_DAY = timedelta(days=1)


class Figures:
    """The endpoint.

    Args:
        city: the broker, where the events are.
        collecting: plans.
        rates: of costs and carbon dioxide.
        now_us: the clock.
    """

    def __init__(
        self, city: City, collecting: Collecting, *, rates: Rates, now_us: Callable[[], int]
    ) -> None:
        self._city = city
        self._collecting = collecting
        self._rates = rates
        self._now_us = now_us

    async def shown(self, request: Request) -> Response:
        """Show the figures from one day to another, both included, and those of a baseline beside."""
        today = datetime.fromtimestamp(self._now_us() / 1e6, UTC).date()
        asked = request.query_params
        told: dict[str, Any] = {"rates": self._rates._asdict()}
        told["period"] = await self._period(
            _day(asked.get("from"), today - 6 * _DAY, "from"), _day(asked.get("to"), today, "to")
        )
        if "baselineFrom" in asked:
            begin = _day(asked["baselineFrom"], today, "baselineFrom")
            told["baseline"] = await self._period(
                begin, _day(asked.get("baselineTo"), begin + 6 * _DAY, "baselineTo")
            )
        return answer(told)

    async def _period(self, first: date, last: date) -> dict[str, Any]:
        if not 0 <= (last - first).days <= 366:
            raise WasteError(f"A period from {first} to {last} must last one day to a year.", pointer="/to")
        from_us, to_us = _us(first), _us(last + _DAY)
        plans = list(self._collecting.plans.values())
        figures = await follow_up(self._city, plans, from_us=from_us, to_us=to_us, rates=self._rates)
        shown = {name: figure._asdict() for name, figure in figures.items()}
        return {"from": mapping.iso(from_us), "to": mapping.iso(to_us), "figures": shown}


def _us(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _day(told: str | None, otherwise: date, name: str) -> date:
    try:
        return date.fromisoformat(told) if told else otherwise
    except ValueError:
        raise WasteError(f"{name}={told!r} is a day such as 2026-11-25.", pointer=f"/{name}") from None

"""Endpoints of people: how bins stand and what is expected of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_waste import mapping
from samstad_waste.domain.errors import PlanRefused, WasteError
from samstad_waste.service.bins import Bin, Bins

__all__ = ["Desk", "Unknown", "answer"]

_HOUR_US = 3_600_000_000
_PAGE = 500
_LONGEST_H = 24 * 14


class Unknown(WasteError):
    """There is no such container, plan or stop."""


class Desk:
    """The endpoints of the bins.

    Args:
        bins: the containers.
        active: alerts that are active, by container and kind.
        now_us: the clock.
    """

    def __init__(
        self, bins: Bins, *, active: Callable[[], Iterable[tuple[str, str]]], now_us: Callable[[], int]
    ) -> None:
        self._bins = bins
        self._active = active
        self._now_us = now_us

    async def listed(self, request: Request) -> Response:
        """Show bins, the likeliest to be full within ``hours`` first, with what is wrong with each."""
        hours = _hours(request)
        at_us = self._now_us() + round(hours * _HOUR_US)
        alerts: dict[str, list[str]] = {}
        for container_id, kind in self._active():
            alerts.setdefault(container_id, []).append(kind)
        rows = [self._row(one, at_us, alerts.get(one.container.id, [])) for one in self._bins.all()]
        rows.sort(key=lambda row: (-row["probabilityFull"], row["id"]))
        return answer({"hours": hours, "bins": rows[:_PAGE], "all": len(rows), "refused": self._bins.refused})

    async def foreseen(self, request: Request) -> Response:
        """Show the forecast of one bin over the coming hours: median and an interval of 90 %."""
        one = self._bins.find(request.path_params["bin"])
        if one is None:
            raise Unknown(f"There is no bin {request.path_params['bin']}: look up its id.")
        now_us, hours = self._now_us(), _hours(request)
        steps = []
        for number in range(1, 13):
            at_us = now_us + round(hours * number / 12 * _HOUR_US)
            found = self._bins.forecast(one, at_us=at_us)
            steps.append(
                {
                    "at": mapping.iso(at_us),
                    "low": round(found.quantile(0.05), 3),
                    "median": round(found.quantile(0.5), 3),
                    "high": round(found.quantile(0.95), 3),
                    "probabilityFull": round(found.probability_of(1.0), 4),
                }
            )
        group = self._bins.group_of(one)
        told = {"id": one.container.id, "steps": steps, "ownBusyHours": round(one.pace.busy_h, 1)}
        return answer({**told, "similar": group._asdict()})

    def _row(self, one: Bin, at_us: int, alerts: list[str]) -> dict[str, Any]:
        container, track = one.container, one.track
        foreseen = self._bins.forecast(one, at_us=at_us)
        return {
            "id": container.id,
            "name": container.name,
            "place": container.place,
            "streams": container.streams,
            "level": round(track.known.level, 4) if track.known else None,
            "observedAt": mapping.iso(track.known.at_us) if track.known else None,
            "lastEmptying": mapping.iso(track.emptied_us) if track.emptied_us else None,
            "probabilityFull": round(foreseen.probability_of(container.full_at), 4),
            "alerts": sorted(alerts),
        }


def _hours(request: Request) -> float:
    told = request.query_params.get("hours", "24")
    try:
        hours = float(told)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= _LONGEST_H:
        raise PlanRefused(f"hours={told!r} must be a number from 0 to {_LONGEST_H}.", pointer="/hours")
    return hours


def answer(told: Any, status: int = 200) -> Response:
    """Return a response in JSON."""
    return Response(orjson.dumps(told), status, media_type="application/json")

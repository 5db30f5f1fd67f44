"""Plans as the centre knows them, and how the signal groups of a junction have performed."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samstad_signals.errors import RequestRefused
from samstad_signals.http.bodies import answer, read
from samstad_signals.service.compliance import Compliance, GroupRecord, KnownPlan
from samstad_signals.service.fleet import Fleet

__all__ = ["MeasuresDesk"]


class MeasuresDesk:
    """The endpoints of plans and measures.

    Args:
        fleet: the junctions.
        compliance: their plans and greens.
    """

    def __init__(self, fleet: Fleet, compliance: Compliance) -> None:
        self._fleet = fleet
        self._compliance = compliance

    async def set_plan(self, request: Request) -> Response:
        """Say when which group is green in a plan of a junction."""
        junction = self._fleet.junction(request.path_params["site"])
        number = request.path_params["plan"]
        if not number.isdecimal() or len(number) > 3:
            raise RequestRefused(f"{number!r} is no number of a plan.")
        await self._compliance.set_plan(junction.site_id, int(number), await read(request, KnownPlan))
        return Response(status_code=204)

    async def show(self, request: Request) -> Response:
        """Show the latest greens of each group, and whether they were as planned."""
        site_id = self._fleet.junction(request.path_params["site"]).site_id
        groups = {
            number: _shown(record)
            for (site, number), record in sorted(self._compliance.records.items())
            if site == site_id
        }
        plans = sorted(self._compliance.plans(site_id))
        return answer({"plans": plans, "groups": [{"group": n, **told} for n, told in groups.items()]})


def _shown(record: GroupRecord) -> dict[str, Any]:
    greens = record.greens
    span_s = greens[-1].end_s - greens[0].start_s if greens else 0.0
    green_s = sum(one.duration_s for one in greens)
    return {
        "greens": len(greens),
        "meanGreen": round(green_s / len(greens), 1) if greens else None,
        "greenShare": round(green_s / span_s, 3) if len(greens) > 1 else None,
        "checked": len(record.right),
        "asPlanned": record.right.count(True),
        "deviations": [{"kind": one.kind, "seconds": round(one.seconds, 1)} for one in record.latest],
    }

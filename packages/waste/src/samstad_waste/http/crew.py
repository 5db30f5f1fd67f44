"""The crew's page and what it sends: routes out, reports and weigh tickets in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from samstad_waste.domain.errors import WasteError
from samstad_waste.domain.plan import Report
from samstad_waste.http.desk import Unknown, answer
from samstad_waste.http.reading import read_body
from samstad_waste.service.collecting import Collecting, Weighing

__all__ = ["Crew"]

_KINDS = {
    "crew.html": "text/html; charset=utf-8",
    "crew.js": "text/javascript; charset=utf-8",
    "crew.css": "text/css; charset=utf-8",
    "worker.js": "text/javascript; charset=utf-8",
}
_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Service-Worker-Allowed": "/waste/v1/crew",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device kept while it was offline, oldest first."""

    reports: list[Report] = []
    weighings: list[Weighing] = []


class Crew:
    """The endpoints of crews.

    Args:
        collecting: plans and reports.
        flush: returns when everything is in the broker; raises where it is not.
        now_us: the clock.
    """

    def __init__(
        self, collecting: Collecting, *, flush: Callable[[], Awaitable[None]], now_us: Callable[[], int]
    ) -> None:
        self._collecting = collecting
        self._flush = flush
        self._now_us = now_us
        self._files = {name: (files("samstad_waste.http") / "static" / name).read_bytes() for name in _KINDS}

    async def page(self, _: Request) -> Response:
        """Show the page; it holds no data."""
        return self._file("crew.html")

    async def file(self, request: Request) -> Response:
        """Show a part of the page."""
        name = request.path_params["name"]
        if name not in _KINDS or name == "crew.html":
            raise Unknown(f"There is no {name}.")
        return self._file(name)

    def _file(self, name: str) -> Response:
        return Response(self._files[name], headers={**_SAFE, "Content-Type": _KINDS[name]})

    async def routes(self, _: Request) -> Response:
        """Show the routes of the plans in force."""
        told = [
            {"plan": plan.id, "day": plan.day, "version": plan.version, **msgspec.to_builtins(route)}
            for plan in self._collecting.active()
            for route in plan.routes
        ]
        return answer({"routes": told})

    async def take(self, request: Request) -> Response:
        """Take reports and weigh tickets; sent again, they change nothing.

        What cannot be is told by its id, and the rest is taken: no device is stuck behind one of them.
        """
        sent = await read_body(request, Sent)
        now_us = self._now_us()
        outcomes: dict[str, Any] = {}
        for report in sent.reports:
            try:
                news = self._collecting.report(report, now_us=now_us)
                outcomes[report.id] = "taken" if news else "known"
            except WasteError as error:
                outcomes[report.id] = {"refused": error.detail, "pointer": error.pointer}
        for weighing in sent.weighings:
            try:
                self._collecting.weigh(weighing, now_us=now_us)
                outcomes[weighing.id] = "taken"
            except WasteError as error:
                outcomes[weighing.id] = {"refused": error.detail, "pointer": error.pointer}
        await self._flush()
        return answer({"outcomes": outcomes})

"""What was told to whom, what waits and why, and who is on duty. Addresses of people are not shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_models.alerts import SEVERITIES
from samstad_ngsild.entities.dates import iso
from samstad_operations.domain.book import Book
from samstad_operations.domain.errors import QuestionRefused
from samstad_operations.domain.hours import on_duty
from samstad_operations.mapping import ALERT
from samstad_operations.spi.keeping import STATES, Keeping, Message, State
from samstad_plugin.service import Demand, Endpoint

__all__ = ["Reports"]

_READ = Demand("read", ALERT)
_MOST = 500


class Reports:
    """The endpoints.

    Args:
        keeping: of messages.
        book: the rules.
        now_us: the clock.
    """

    def __init__(self, keeping: Keeping, book: Book, *, now_us: Callable[[], int]) -> None:
        self._keeping = keeping
        self._book = book
        self._now_us = now_us

    def endpoints(self) -> list[Endpoint]:
        """Return them."""
        return [
            Endpoint("GET", "/messages", self.messages, _READ),
            Endpoint("GET", "/duty", self.duty, _READ),
        ]

    async def messages(self, request: Request) -> Response:
        """Answer the newest messages, and how many there are in each state."""
        state = request.query_params.get("state")
        if state is not None and state not in STATES:
            raise QuestionRefused(f"state={state[:40]!r} is none of {', '.join(STATES)}.")
        limit = request.query_params.get("limit", "100")
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:6]) <= _MOST):
            raise QuestionRefused(f"limit={limit[:40]!r} is a number from 1 to {_MOST}.")
        found = await self._keeping.listed(state=cast("State | None", state), limit=int(limit))
        counts = await self._keeping.counts()
        body = {
            "counts": {name: counts.get(name, 0) for name in STATES},
            "messages": [_told(one) for one in found],
        }
        return _json(body)

    async def duty(self, _: Request) -> Response:
        """Answer who is on duty now."""
        now_us = self._now_us()
        rotas = {
            name: on_duty(rota, self._book.zone, now_us=now_us) for name, rota in self._book.rotas.items()
        }
        return _json({"at": iso(now_us), "zone": self._book.zone.key, "rotas": rotas})


def _told(message: Message) -> dict[str, Any]:
    told = msgspec.to_builtins(message)
    times = {
        "madeAt": iso(message.made_us),
        "dueAt": iso(message.due_us),
        "endedAt": iso(message.ended_us) if message.ended_us else None,
    }
    plain = {name: value for name, value in told.items() if not name.endswith("_us")}
    return {**plain, "severity": SEVERITIES[message.severity], **times}


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})

"""Follows the lamps, and tells how many are lit."""

import asyncio
import os
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from samstad_plugin.service import Demand, Endpoint, Followed, OwnCheck, Service, caller_of


class UnknownLamp(Exception):
    """Nobody has told us of that lamp."""


class Tally:
    def __init__(self, surroundings):
        self._surroundings = surroundings
        self._levels = {}
        text = "Lamps that the service knows."
        surroundings.metrics.gauge("samstad_tally_lamps", text, lambda: len(self._levels))

    async def take(self, notification):
        for lamp in notification.entities:
            self._levels[lamp["id"]] = lamp.get("litLevel", {}).get("value", 0)

    async def count(self, request: Request) -> Response:
        least = self._surroundings.settings.lit_at_percent
        lit = sum(level >= least for level in self._levels.values())
        return JSONResponse({"lit": lit, "known": len(self._levels), "asked_by": caller_of(request).id})

    async def switch(self, request: Request) -> Response:
        lamp = request.path_params["lamp"]
        if lamp not in self._levels:
            raise UnknownLamp(f"{lamp} is not known here.")
        broker = self._surroundings.acting_for(caller_of(request))
        level = {"type": "Property", "value": (await request.json())["level"]}
        await broker.append(lamp, {"litLevel": level})
        return Response(status_code=204)

    async def greet(self, _: Request) -> Response:
        return JSONResponse({"hello": "whoever you are"})

    async def hang(self, _: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    async def die(self, _: Request) -> Response:
        os._exit(7)


@asynccontextmanager
async def start(surroundings):
    tally = Tally(surroundings)
    lamps = Demand("read", "https://uri.etsi.org/ngsi-ld/default-context/TallyLamp")
    change = Demand("write", lamps.type)
    yield Service(
        endpoints=(
            Endpoint("GET", "/count", tally.count, lamps),
            Endpoint("POST", "/lamps/{lamp}/level", tally.switch, change),
            Endpoint("GET", "/hello", tally.greet, OwnCheck("greets everybody")),
            Endpoint("POST", "/hang", tally.hang, change),
            Endpoint("POST", "/die", tally.die, change),
        ),
        follows=(Followed(name="lamps", types=("TallyLamp",), handler=tally.take),),
        errors={UnknownLamp: "tally-unknown-lamp"},
    )


def about() -> int:
    """Say what the service is."""
    print("It counts the lamps that are lit.")  # noqa: T201 - a command's output
    return 0

"""The role of a node: one subscription to everything, and the pages that show it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from samstad_console.http.asked import Refused, Unknown
from samstad_console.http.desk import Desk
from samstad_console.http.pages import Pages
from samstad_console.service.city import City
from samstad_console.service.readers import Readers
from samstad_console.settings import ConsoleSettings
from samstad_ngsild.client import Notification
from samstad_plugin.service import Check, CheckState, Followed, Service, Surroundings

__all__ = ["start"]

_ERRORS: dict[type[Exception], str] = {Unknown: "console-unknown", Refused: "console-refused"}


@asynccontextmanager
async def start(surroundings: Surroundings[ConsoleSettings]) -> AsyncIterator[Service]:
    """Open the console and give it to the node."""
    settings = surroundings.settings
    city = City(most=settings.things)
    pages = Pages(Path(str(files("samstad_console").joinpath("static"))), settings)
    desk = Desk(city, Readers(surroundings.acting_for, surroundings.clock), settings)
    surroundings.metrics.gauge(
        "samstad_console_things", "Things with a place that the console keeps.", lambda: len(city)
    )

    async def take(notification: Notification) -> None:
        city.take(notification.entities)

    def checks() -> Sequence[Check]:
        found = []
        if not pages.built:
            found.append(
                Check("pages", CheckState.DEGRADED, "the web part is not built: run make setup with Node.js")
            )
        if city.refused:
            found.append(
                Check("things", CheckState.DEGRADED, "more things than console.things: some are not shown")
            )
        return found

    yield Service(
        endpoints=[*pages.endpoints(), *desk.endpoints()],
        follows=[Followed(name="everything", types=("*",), handler=take, deletions=True)],
        errors=_ERRORS,
        checks=checks,
    )

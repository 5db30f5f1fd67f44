"""The role of a node: one subscription to alerts, and one task that writes and sends messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

import orjson

from samstad_ngsild.client import Notification
from samstad_operations.domain.errors import QuestionRefused, StoreUnavailable
from samstad_operations.http.reports import Reports
from samstad_operations.mapping import alert_of, is_gone
from samstad_operations.plugin.rules import load_book, load_ways
from samstad_operations.service.desk import Desk
from samstad_operations.service.sending import Sender
from samstad_operations.settings import OperationsSettings
from samstad_operations.spi.keeping import STATES
from samstad_operations.store.database import DATABASE, Database
from samstad_operations.store.keeping import SqliteKeeping
from samstad_plugin.service import Check, CheckState, Followed, Service, Surroundings

__all__ = ["start"]

_ERRORS: dict[type[Exception], str] = {
    QuestionRefused: "operations-refused",
    StoreUnavailable: "operations-away",
}
_LOOK_US = 1_000_000
_FORGET_US = 3_600_000_000
_DAY_US = 86_400_000_000


@asynccontextmanager
async def start(surroundings: Surroundings[OperationsSettings]) -> AsyncIterator[Service]:
    """Read the rules, open the database, give the service, and close in the end."""
    settings = surroundings.settings
    book = load_book(settings)
    ways = load_ways(settings, book)
    database = Database(surroundings.data / DATABASE)
    await database.open()
    try:
        keeping = SqliteKeeping(database)
        desk = Desk(book, keeping, _texts(settings.language))
        await desk.load()
        sender = Sender(desk, keeping, ways, now_us=surroundings.clock.now_us)
        role = _Role(surroundings, desk, keeping, sender)
        await role.refresh()
        yield role.service()
    finally:
        await database.close()


def _texts(language: str) -> Mapping[str, str]:
    text = files("samstad_operations").joinpath("locales", f"{language}.json").read_bytes()
    found: Mapping[str, str] = orjson.loads(text)
    return found


class _Role:
    """The parts, wired."""

    def __init__(
        self,
        surroundings: Surroundings[OperationsSettings],
        desk: Desk,
        keeping: SqliteKeeping,
        sender: Sender,
    ) -> None:
        self._surroundings = surroundings
        self._desk = desk
        self._keeping = keeping
        self._sender = sender
        self._counts: Mapping[str, int] = {}
        self._failed = (0, "")
        self._broken = ""
        self._forget_us = 0
        self._show_figures()

    def service(self) -> Service:
        """Return what the node runs."""
        now_us = self._surroundings.clock.now_us
        return Service(
            endpoints=Reports(self._keeping, self._desk.book, now_us=now_us).endpoints(),
            follows=[Followed(name="alerts", types=("Alert",), handler=self._take, deletions=True)],
            tasks={"tell": self._tell},
            errors=_ERRORS,
            checks=self._checks,
        )

    async def refresh(self) -> None:
        """Count messages anew, and see what could not be sent."""
        self._counts = await self._keeping.counts()
        waiting = await self._keeping.listed(state="waiting", limit=500)
        failed = [one for one in waiting if one.tries]
        self._failed = (len(failed), failed[0].why if failed else "")

    async def _take(self, notification: Notification) -> None:
        entities = notification.entities
        alerts = [alert_of(one) for one in entities if not is_gone(one)]
        gone = [one["id"] for one in entities if is_gone(one)]
        await self._desk.take(alerts, gone, now_us=self._surroundings.clock.now_us())

    async def _tell(self) -> None:
        while True:
            now_us = self._surroundings.clock.now_us()
            try:
                busy = await self._turn(now_us)
            except StoreUnavailable as error:
                if not self._broken:
                    self._surroundings.log.warning("operations.not_kept", detail=str(error))
                self._broken, busy = str(error), False
            if not busy:
                await self._surroundings.clock.sleep_until(now_us + _LOOK_US)
            else:
                await asyncio.sleep(0)

    async def _turn(self, now_us: int) -> bool:
        failures = self._sender.failures
        written = await self._desk.look(now_us=now_us)
        busy = await self._sender.send_due()
        if now_us >= self._forget_us:
            kept_us = round(self._surroundings.settings.keep_days * _DAY_US)
            await self._keeping.forget(before_us=now_us - kept_us)
            self._forget_us = now_us + _FORGET_US
        if written or busy:
            await self.refresh()
        if self._sender.failures > failures:
            self._surroundings.log.warning("operations.not_sent", detail=self._failed[1])
        self._broken = ""
        return busy

    def _checks(self) -> Sequence[Check]:
        found = []
        if self._broken:
            found.append(Check("store", CheckState.FAILED, self._broken))
        count, why = self._failed
        if count:
            told = f"{count} messages could not be sent and are tried again: {why}"
            found.append(Check("messages", CheckState.DEGRADED, told))
        else:
            found.append(
                Check("messages", CheckState.OK, "" if self._desk.book.rules else "no operations.rules_file")
            )
        return found

    def _show_figures(self) -> None:
        metrics = self._surroundings.metrics
        metrics.gauge(
            "samstad_operations_incidents",
            "Groups of alerts that nobody has acknowledged.",
            lambda: len(self._desk),
        )
        metrics.gauges(
            "samstad_operations_messages", "Messages that are kept, by state.", ("state",), self._by_state
        )
        metrics.gauge(
            "samstad_operations_failures",
            "Tries to send a message that failed since the start of the role.",
            lambda: self._sender.failures,
        )

    def _by_state(self) -> Iterable[tuple[tuple[str, ...], float]]:
        return [((state,), self._counts.get(state, 0)) for state in STATES]

"""Takes alerts in and writes messages: every step is durable before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from samstad_operations.domain.alert import CRITICAL, Alert
from samstad_operations.domain.book import Book, Rule, matches, recipients
from samstad_operations.domain.hours import quiet_until
from samstad_operations.domain.incident import Incident, Telling, advance, due_us, is_over, join, leave
from samstad_operations.service.wording import Worded, word
from samstad_operations.spi.keeping import Draft, Keeping, Key

__all__ = ["Desk"]


class Desk:
    """The incidents.

    Args:
        book: the rules.
        keeping: where they are durable.
        texts: of the city's language.
    """

    def __init__(self, book: Book, keeping: Keeping, texts: Mapping[str, str]) -> None:
        self._book = book
        self._keeping = keeping
        self._texts = texts
        self._incidents: dict[Key, Incident] = {}
        self._due: dict[Key, int] = {}
        self._of_alert: dict[str, set[Key]] = {}
        self._one = asyncio.Lock()

    @property
    def book(self) -> Book:
        """The rules."""
        return self._book

    def __len__(self) -> int:
        """Return how many incidents have alerts that nobody has acknowledged."""
        return sum(bool(one.members) for one in self._incidents.values())

    def is_open(self, key: Key, *, now_us: int) -> bool:
        """Whether an incident still has an alert that somebody should be told of."""
        incident = self._incidents.get(key)
        return incident is not None and any(one.since_us <= now_us for one in incident.members.values())

    async def load(self) -> None:
        """Take up what was kept; incidents whose rule is gone, or groups otherwise now, are forgotten."""
        found = {(one.rule, one.group): one for one in await self._keeping.incidents()}
        ended = [key for key, one in found.items() if not self._fits(one)]
        await self._keeping.keep([], ended=ended)
        for key in ended:
            del found[key]
        self._put(found)

    async def take(self, alerts: Iterable[Alert], gone: Iterable[str], *, now_us: int) -> None:
        """Take in how alerts stand now, and which were deleted; durable when it returns.

        Raises:
            StoreFull, StoreUnavailable: nothing was taken in.
        """
        async with self._one:
            changed: dict[Key, Incident] = {}
            for alert in alerts:
                self._take(alert, changed, now_us)
            for alert_id in gone:
                self._leave(alert_id, changed, set())
            if changed:
                await self._keeping.keep(list(changed.values()))
                self._put(changed)

    async def look(self, *, now_us: int) -> int:
        """Write the messages that are due, and return how many.

        Raises:
            StoreFull, StoreUnavailable: nothing was written; it is due again.
        """
        async with self._one:
            return await self._look(now_us)

    async def _look(self, now_us: int) -> int:
        changed: dict[Key, Incident] = {}
        ended: list[Key] = []
        drafts: list[Draft] = []
        for key in [key for key, due in self._due.items() if due <= now_us]:
            incident = self._incidents[key]
            rule = self._book.rules[incident.rule]
            if is_over(incident, rule, now_us=now_us):
                ended.append(key)
                continue
            after, tellings = advance(incident, rule, now_us=now_us)
            if after is not incident:
                changed[key] = after
            drafts += self._drafts(after, tellings, now_us)
        if changed or ended:
            await self._keeping.keep(list(changed.values()), ended=ended, drafts=drafts)
            self._put(changed)
            for key in ended:
                del self._incidents[key], self._due[key]
        return len(drafts)

    def _take(self, alert: Alert, changed: dict[Key, Incident], now_us: int) -> None:
        held: set[Key] = set()
        for name, rule in self._book.rules.items():
            if not alert.waits or not matches(rule, alert):
                continue
            key = (name, _group(rule, alert))
            held.add(key)
            before = changed.get(key) or self._incidents.get(key) or Incident(*key)
            after = join(before, alert, now_us=now_us)
            if after is not before:
                changed[key] = after
        self._leave(alert.id, changed, held)

    def _leave(self, alert_id: str, changed: dict[Key, Incident], held: set[Key]) -> None:
        joined = {key for key, one in changed.items() if alert_id in one.members}
        for key in (self._of_alert.get(alert_id, set()) | joined) - held:
            before = changed.get(key) or self._incidents[key]
            after = leave(before, alert_id)
            if after is not before:
                changed[key] = after

    def _put(self, changed: Mapping[Key, Incident]) -> None:
        for key, incident in changed.items():
            before = self._incidents.get(key)
            old = before.members.keys() if before else set()
            for alert_id in old - incident.members.keys():
                keys = self._of_alert[alert_id]
                keys.discard(key)
                if not keys:
                    del self._of_alert[alert_id]
            for alert_id in incident.members.keys() - old:
                self._of_alert.setdefault(alert_id, set()).add(key)
            self._incidents[key] = incident
            self._due[key] = due_us(incident, self._book.rules[incident.rule])

    def _fits(self, incident: Incident) -> bool:
        rule = self._book.rules.get(incident.rule)
        return rule is not None and tuple(one.partition("=")[0] for one in incident.group) == rule.group

    def _drafts(self, incident: Incident, tellings: Iterable[Telling], now_us: int) -> Iterator[Draft]:
        told: set[str] = set()
        for telling in tellings:
            worded = word(incident, telling.reason, self._texts, now_us=now_us)
            for name in recipients(self._book, telling.to, now_us=now_us):
                if name not in told:
                    yield from self._to(name, incident, telling, worded, now_us)
                told.add(name)

    def _to(
        self, name: str, incident: Incident, telling: Telling, worded: Worded, now_us: int
    ) -> Iterator[Draft]:
        contact = self._book.contacts[name]
        waits = contact.quiet is not None and worded.severity < CRITICAL
        quiet = contact.quiet if waits else None
        due = quiet_until(quiet, self._book.zone, now_us=now_us) if quiet else now_us
        for way in contact.ways:
            yield Draft(
                rule=incident.rule,
                group=incident.group,
                contact=name,
                way=way,
                reason=telling.reason,
                severity=worded.severity,
                count=worded.counted,
                subject=worded.subject,
                text=worded.text,
                alerts=worded.alerts,
                made_us=now_us,
                due_us=due,
            )


def _group(rule: Rule, alert: Alert) -> tuple[str, ...]:
    values = {
        "category": alert.category,
        "type": alert.kind,
        "source": alert.source,
        "owner": " ".join(sorted(alert.owners)),
    }
    return tuple(f"{name}={values[name]}" for name in rule.group)

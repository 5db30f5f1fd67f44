"""The rules of a city: contacts, rotas, and who is told of which alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from samstad_operations.domain.alert import Alert
from samstad_operations.domain.hours import Hours, Rota, on_duty

__all__ = ["EMAIL", "WEBHOOK", "Book", "Contact", "Rule", "Step", "matches", "recipients"]

EMAIL, WEBHOOK = "email", "webhook"


class Contact(NamedTuple):
    """A person or a desk.

    Attributes:
        email: address of e-mail; empty for none.
        webhook: http address; empty for none.
        secret_header: the header that carries the secret.
        secret_file: the file that holds it.
        quiet: when only critical alerts are told.
    """

    email: str = ""
    webhook: str = ""
    secret_header: str = ""
    secret_file: str = ""
    quiet: Hours | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """By what the contact can be told."""
        return tuple(way for way in (EMAIL, WEBHOOK) if getattr(self, way))


class Step(NamedTuple):
    """Who else is told when nobody has acknowledged after some time."""

    after_us: int
    to: tuple[str, ...]


class Rule(NamedTuple):
    """Who is told of which alerts.

    Attributes:
        severity: the least rank.
        categories, kinds, owners: one of these; empty for any.
        area: corners of a polygon, longitude and latitude; an alert without a place is in none.
        to: contacts and rotas.
        group: alerts that agree in these belong together: category, type, source, owner.
        gather_us: how long the first message waits for more that belongs to it.
        fold_us: the shortest time between two messages about one group.
        again_us: told again so often until somebody acknowledges; 0 for never.
        steps: of escalation, the soonest first.
    """

    severity: int
    to: tuple[str, ...]
    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    area: tuple[tuple[float, float], ...] = ()
    group: tuple[str, ...] = ("category", "type")
    gather_us: int = 10_000_000
    fold_us: int = 900_000_000
    again_us: int = 0
    steps: tuple[Step, ...] = ()


class Book(NamedTuple):
    """All of it."""

    zone: ZoneInfo
    contacts: Mapping[str, Contact]
    rotas: Mapping[str, Rota]
    rules: Mapping[str, Rule]


def matches(rule: Rule, alert: Alert) -> bool:
    """Whether a rule is about an alert."""
    return (
        alert.severity >= rule.severity
        and (not rule.categories or alert.category in rule.categories)
        and (not rule.kinds or alert.kind in rule.kinds)
        and (not rule.owners or not rule.owners.isdisjoint(alert.owners))
        and (not rule.area or (alert.place is not None and _inside(rule.area, alert.place)))
    )


def recipients(book: Book, names: Iterable[str], *, now_us: int) -> tuple[str, ...]:
    """Return the contacts behind names of contacts and rotas, each once."""
    found: dict[str, None] = {}
    for name in names:
        rota = book.rotas.get(name)
        people = (name,) if rota is None else on_duty(rota, book.zone, now_us=now_us)
        found |= dict.fromkeys(people)
    return tuple(found)


def _inside(corners: tuple[tuple[float, float], ...], place: tuple[float, float]) -> bool:
    """Whether a place lies in a polygon: a ray to the east crosses its sides an odd number of times."""
    x, y = place
    crossed = False
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossed = not crossed
    return crossed

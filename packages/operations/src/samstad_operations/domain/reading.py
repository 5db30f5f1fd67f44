"""From the file of rules, as TOML gives it, to a book that can be followed; errors begin with the key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from samstad_operations.domain.alert import rank
from samstad_operations.domain.book import Book, Contact, Rule, Step
from samstad_operations.domain.errors import RulesRefused
from samstad_operations.domain.hours import DAYS, Hours, Rota, Shift, first_gap

__all__ = ["read_book"]

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,80}")
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_Severity = Literal["informational", "low", "medium", "high", "critical"]
_Minutes = Annotated[float, Meta(gt=0, le=10_080)]

T = TypeVar("T")


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of what stands in the file."""


class _ContactText(_Text, frozen=True):
    email: str = ""
    webhook: str = ""
    secret_header: str = ""
    secret_file: str = ""
    quiet: str = ""


class _ShiftText(_Text, frozen=True):
    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Meta(min_length=1)]
    hours: str
    to: Annotated[list[str], Meta(min_length=1)]


class _RotaText(_Text, frozen=True):
    shifts: list[_ShiftText] = []
    otherwise: list[str] = []


class _StepText(_Text, frozen=True):
    after_minutes: _Minutes
    to: Annotated[list[str], Meta(min_length=1)]


class _RuleText(_Text, frozen=True):
    to: Annotated[list[str], Meta(min_length=1)]
    severity: _Severity = "informational"
    categories: list[str] = []
    types: list[str] = []
    owners: list[str] = []
    area: list[tuple[float, float]] = []
    group: tuple[Literal["category", "type", "source", "owner"], ...] = ("category", "type")
    gather_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 10
    fold_minutes: _Minutes = 15
    again_minutes: Annotated[float, Meta(ge=0, le=10_080)] = 0
    escalate: list[_StepText] = []


class _BookText(_Text, frozen=True):
    contacts: dict[str, Any]
    rules: dict[str, Any]
    zone: str = "Europe/Stockholm"
    rotas: dict[str, Any] = {}


def read_book(told: Mapping[str, Any]) -> Book:
    """Return the rules.

    Raises:
        RulesRefused: a key is missing, unknown or has no possible value; a name is used that stands for
            nobody; a rota has hours at which nobody is on duty.
    """
    text = _convert(told, _BookText, "")
    zone = _zone(text.zone)
    contacts = {name: _contact(f"contacts.{name}", body) for name, body in text.contacts.items()}
    rotas = {name: _rota(f"rotas.{name}", body, contacts) for name, body in text.rotas.items()}
    both = next((name for name in rotas if name in contacts), None)
    if both is not None:
        raise RulesRefused(f"rotas.{both}: a contact has this name too; give one of them another.")
    known = {*contacts, *rotas}
    rules = {name: _rule(f"rules.{name}", body, known) for name, body in text.rules.items()}
    if not rules:
        raise RulesRefused("rules: there is none, so nobody would be told anything.")
    return Book(zone, contacts, rotas, rules)


def _contact(key: str, body: Any) -> Contact:
    text = _convert(body, _ContactText, key)
    if not text.email and not text.webhook:
        raise RulesRefused(f"{key}: email or webhook is needed, or nothing reaches this contact.")
    if text.email and not _ADDRESS.fullmatch(text.email):
        raise RulesRefused(f"{key}.email: {text.email!r} is no address of e-mail.")
    if text.webhook:
        _check_url(f"{key}.webhook", text.webhook)
    if bool(text.secret_header) != bool(text.secret_file):
        raise RulesRefused(f"{key}.secret_header and secret_file go together: one of them is missing.")
    if text.secret_header and not _HEADER.fullmatch(text.secret_header):
        raise RulesRefused(f"{key}.secret_header: {text.secret_header!r} is no name of a header.")
    if text.secret_header and not text.webhook:
        raise RulesRefused(f"{key}.secret_header: only a webhook carries it.")
    quiet = _hours(f"{key}.quiet", text.quiet) if text.quiet else None
    return Contact(text.email, text.webhook, text.secret_header, text.secret_file, quiet)


def _check_url(key: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.username is not None:
        raise RulesRefused(f"{key}: an address begins with http:// or https://, and holds no password.")


def _rota(key: str, body: Any, contacts: Mapping[str, Contact]) -> Rota:
    text = _convert(body, _RotaText, key)
    _check_names(f"{key}.otherwise", text.otherwise, contacts)
    shifts = []
    for number, shift in enumerate(text.shifts):
        _check_names(f"{key}.shifts[{number}].to", shift.to, contacts)
        days = frozenset(DAYS.index(day) for day in shift.days)
        shifts.append(Shift(days, _hours(f"{key}.shifts[{number}].hours", shift.hours), tuple(shift.to)))
    rota = Rota(tuple(shifts), tuple(text.otherwise))
    gap = first_gap(rota)
    if gap is not None:
        when = f"{DAYS[gap[0]]} {gap[1] // 60:02}:{gap[1] % 60:02}"
        raise RulesRefused(f"{key}: nobody is on duty on {when}; add a shift, or say who is with otherwise.")
    return rota


def _rule(key: str, body: Any, known: set[str]) -> Rule:
    text = _convert(body, _RuleText, key)
    _check_names(f"{key}.to", text.to, known)
    for number, step in enumerate(text.escalate):
        _check_names(f"{key}.escalate[{number}].to", step.to, known)
    if 0 < len(text.area) < 3:
        raise RulesRefused(f"{key}.area: a polygon has at least three corners, as [longitude, latitude].")
    if any(abs(x) > 180 or abs(y) > 90 for x, y in text.area):
        raise RulesRefused(f"{key}.area: corners are [longitude, latitude] in degrees.")
    steps = sorted(Step(round(step.after_minutes * _MINUTE_US), tuple(step.to)) for step in text.escalate)
    return Rule(
        severity=rank(text.severity),
        to=tuple(text.to),
        categories=frozenset(text.categories),
        kinds=frozenset(text.types),
        owners=frozenset(text.owners),
        area=tuple(text.area),
        group=tuple(dict.fromkeys(text.group)),
        gather_us=round(text.gather_seconds * _SECOND_US),
        fold_us=round(text.fold_minutes * _MINUTE_US),
        again_us=round(text.again_minutes * _MINUTE_US),
        steps=tuple(steps),
    )


def _check_names(key: str, names: Iterable[str], known: Iterable[str]) -> None:
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None:
        raise RulesRefused(
            f"{key}: {wrong!r} is nobody here; known are {', '.join(sorted(known)) or 'none'}."
        )


def _hours(key: str, text: str) -> Hours:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise RulesRefused(f"{key}: {text!r} is written 07:00-16:00; over midnight 22:00-06:00.")
    begins, ends = (
        int(found[1]) * 60 + int(found[2]),
        int(found[3] or found[5]) * 60 + int(found[4] or found[6]),
    )
    return Hours(begins, ends)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RulesRefused(f"zone: {name!r} is no time zone, such as Europe/Stockholm.") from None


def _convert(told: Any, kind: type[T], key: str) -> T:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        path = f"{key}{where.rstrip('`')}".lstrip(".")
        raise RulesRefused(f"{path}: {what}." if path else f"{what}.") from None

"""Plans by the timetables of junction, corridor and city, and temporary changes that return by themselves.

The service orders what its timetables say as an operator would, by commands with a reason, but only where
nobody controls the junction. A junction in shadow is ordered nothing: what would have been is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Any

import msgspec

from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals.domain.lease import LeaseRefused
from samstad_signals.domain.orders import OrderRefused
from samstad_signals.domain.timetable import LOCAL, Choice, Line, check_lines, choose_plan
from samstad_signals.service.commands import Commands, Wanted
from samstad_signals.service.fleet import Fleet, Junction
from samstad_signals.spi.keeping import Keep, Keeping

__all__ = ["CITY", "ISSUER", "Agreement", "Planning"]

SECOND_US = 1_000_000
CITY = "city"
ISSUER = "service:signals"
AGAIN_S = 60
"""An order that did not last is given again so seldom."""
TABLE, DAYS = "timetable", "special-days"
VALID_S = 300.0


class KeptLine(msgspec.Struct, frozen=True):
    """A line as it survives."""

    days: list[str]
    begins: str
    plan: int


@dataclass
class Agreement:
    """For how long a junction showed what the timetables say, and for how long something else."""

    same_s: float = 0.0
    other_s: float = 0.0
    latest: dict[str, Any] = field(default_factory=dict)


class Planning:
    """Follows timetables.

    Args:
        fleet: the junctions.
        commands: carries out.
        keeping: where tables survive.
        zone: of the tables.
        now_us: the clock.
    """

    def __init__(
        self,
        fleet: Fleet,
        commands: Commands,
        keeping: Keeping,
        *,
        zone: tzinfo,
        now_us: Callable[[], int],
    ) -> None:
        self.tables: dict[str, tuple[Line, ...]] = {}
        self.special_days: dict[date, str] = {}
        self.agreement: dict[str, Agreement] = {}
        self._fleet = fleet
        self._commands = commands
        self._keeping = keeping
        self._zone = zone
        self._now_us = now_us
        self._given_us: dict[str, int] = {}
        self._looked_us = 0

    async def load(self) -> None:
        """Take what was kept."""
        for body in (await self._keeping.load(DAYS)).values():
            self.special_days = msgspec.json.decode(body, type=dict[date, str])
        for scope, body in (await self._keeping.load(TABLE)).items():
            lines = msgspec.json.decode(body, type=list[KeptLine])
            self.tables[scope] = tuple(
                Line(frozenset(one.days), time.fromisoformat(one.begins), one.plan) for one in lines
            )

    async def set_table(self, scope: str, lines: Sequence[Line]) -> None:
        """Set a timetable, of ``city``, ``corridor:NAME`` or ``junction:SITE``; no lines take it away.

        Raises:
            TimetableWrong: it cannot be followed.
        """
        check_lines(lines, special_days=self.special_days)
        kept = [KeptLine(sorted(one.days), one.begins.isoformat(), one.plan) for one in lines]
        await self._keeping.save([Keep(TABLE, scope, msgspec.json.encode(kept) if kept else None)])
        if lines:
            self.tables[scope] = tuple(lines)
        else:
            self.tables.pop(scope, None)

    async def set_special_days(self, days: Mapping[date, str]) -> None:
        """Name special days; TimetableWrong where a table needs one that would be gone."""
        for lines in self.tables.values():
            check_lines(lines, special_days=days)
        kept = msgspec.json.encode({day.isoformat(): name for day, name in days.items()})
        await self._keeping.save([Keep(DAYS, "all", kept)])
        self.special_days = dict(days)

    def choice(self, junction: Junction) -> Choice | None:
        """Return what the timetables say for a junction now."""
        now = datetime.fromtimestamp(self._now_us() / SECOND_US, self._zone)
        return choose_plan(list(self._scopes(junction)), special_days=self.special_days, now=now)

    def _scopes(self, junction: Junction) -> Iterator[tuple[str, Sequence[Line]]]:
        corridor = junction.place.corridor if junction.place else ""
        for scope in (f"junction:{junction.site_id}", f"corridor:{corridor}", CITY):
            if scope in self.tables:
                yield scope, self.tables[scope]

    async def look(self) -> None:
        """Order what is due; note how junctions agree with their tables."""
        passed_s = min((self._now_us() - self._looked_us) / SECOND_US, AGAIN_S) if self._looked_us else 0.0
        self._looked_us = self._now_us()
        if not self.tables:
            return
        for junction in list(self._fleet.junctions.values()):
            choice = self.choice(junction) if junction.link.up else None
            if choice is None or junction.state.plan is None:
                continue
            order = _due(choice, junction)
            self._note(junction, choice, passed_s, is_same=order is None)
            if order is not None and not junction.is_shadow and self._may_give(junction.site_id):
                await self._give(junction, choice, order)

    def _note(self, junction: Junction, choice: Choice, passed_s: float, *, is_same: bool) -> None:
        found = self.agreement.setdefault(junction.site_id, Agreement())
        if is_same:
            found.same_s += passed_s
        else:
            found.other_s += passed_s
        state = junction.state
        found.latest = {"wanted": choice.plan, "by": choice.scope, "shown": state.plan}
        found.latest["source"] = state.plan_source

    def _may_give(self, site_id: str) -> bool:
        is_open = any(one.wanted.site_id == site_id for one in self._commands.open.values())
        given_us = self._given_us.get(site_id)
        now_us = self._now_us()
        return not is_open and (given_us is None or now_us - given_us >= AGAIN_S * SECOND_US)

    async def _give(self, junction: Junction, choice: Choice, order: tuple[str, dict[str, Any]]) -> None:
        name, arguments = order
        wanted = Wanted(
            site_id=junction.site_id,
            name=name,
            arguments=arguments,
            issuer=ISSUER,
            reason=f"timetable of {choice.scope}, from {choice.since:%Y-%m-%d %H:%M}",
            valid_s=VALID_S,
            by_service=True,
        )
        try:
            await self._commands.give(wanted)
        except (LeaseRefused, OrderRefused, ClientError, NgsiLdError):
            # Somebody controls it, or the broker is away: the next look tries again.
            return
        self._given_us[junction.site_id] = self._now_us()


def _due(choice: Choice, junction: Junction) -> tuple[str, dict[str, Any]] | None:
    """Return the order that brings a junction to what the tables say; None where it is so already."""
    is_forced = junction.state.plan_source == "forced"
    if choice.plan == LOCAL:
        return ("releasePlan", {}) if is_forced else None
    if junction.state.plan == choice.plan and (is_forced or junction.is_shadow):
        return None
    return "selectPlan", {"plan": choice.plan}

"""The containers as they are told: levels, emptyings, paces; what is to be written goes into an outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from samstad_waste import mapping
from samstad_waste.domain.conditions import Seen
from samstad_waste.domain.container import (
    Container,
    Geometry,
    combine,
    level_of_deposits,
    level_of_distance,
)
from samstad_waste.domain.errors import InventoryRefused, ReadingRefused
from samstad_waste.domain.names import WM, attribute_of, observed_of, own
from samstad_waste.domain.pace import BLOCKS, Forecast, Group, Pace, Week, forecast, learn, learn_week
from samstad_waste.domain.track import Emptied, LevelSeen, Reading, Track, emptied_by_crew, follow
from samstad_waste.domain.trust import basis

__all__ = ["Bin", "Bins"]

Document = dict[str, Any]
_HOUR_US = 3_600_000_000
_TOGETHER_US = 2 * _HOUR_US
"""Words of several sensors of a container that lie no further apart are about the same content."""
_MOST_WAITING = 50_000


@dataclass(slots=True)
class Bin:
    """One container at work.

    Attributes:
        words: what each sensor told last, by source and attribute: a share or a count, and when.
        counted_from: the deposit counter at the last emptying, by source.
        written: the level that was written last.
        full_since_us: when it was first seen to be full after its last emptying; 0 where it is not.
    """

    container: Container
    track: Track = field(default_factory=Track)
    seen: Seen = field(default_factory=Seen)
    pace: Pace = field(default_factory=Pace)
    words: dict[tuple[str, str], tuple[str, float, int]] = field(default_factory=dict)
    counted_from: dict[tuple[str, str], float] = field(default_factory=dict)
    written: Reading | None = None
    full_since_us: int = 0

    @property
    def is_unknown(self) -> bool:
        """Whether nobody has told of a level or of an emptying: somebody must go and look."""
        return self.track.known is None and not self.track.emptied_us


class Bins:
    """All containers of the node.

    Args:
        full_at: share at which a container counts as full, where it says nothing.
        offset_us: local time ahead of UTC, for the week.
    """

    def __init__(self, *, full_at: float = 0.9, offset_us: int = 0) -> None:
        self._full_at = full_at
        self._offset_us = offset_us
        self._bins: dict[str, Bin] = {}
        self._geometries: dict[str, Geometry | None] = {}
        self._bin_of_device: dict[str, str] = {}
        self._grown: dict[int, float] = dict.fromkeys(range(BLOCKS), 0.0)
        self._hours: dict[int, float] = dict.fromkeys(range(BLOCKS), 0.0)
        self._groups: dict[tuple[str, ...], Group] = {}
        self._emptyings: list[Callable[[Bin, Emptied], None]] = []
        self.week = Week.usual(offset_us=offset_us)
        self.outbox: dict[str, Document] = {}
        self.touched: set[str] = set()
        self.refused: dict[str, str] = {}
        """Why a model or a reading cannot be used, by entity: the latest word on each."""
        self.figures = {"levels": 0, "emptyings": 0, "doubtful": 0}

    def __len__(self) -> int:
        return len(self._bins)

    def all(self) -> Iterable[Bin]:
        """Return every container."""
        return self._bins.values()

    def find(self, container_id: str) -> Bin | None:
        """Return a container, or None."""
        return self._bins.get(container_id)

    def on_emptying(self, told: Callable[[Bin, Emptied], None]) -> None:
        """Have a function called at each emptying."""
        self._emptyings.append(told)

    def take_models(self, entities: Iterable[Document]) -> None:
        """Take models as they are now."""
        for entity in entities:
            self.refused.pop(entity["id"], None)
            self._geometries[entity["id"]] = None
            if "deletedAt" in entity:
                continue
            try:
                self._geometries[entity["id"]] = mapping.read_geometry(entity)
            except InventoryRefused as error:
                self.refused[entity["id"]] = error.detail

    def take_containers(self, entities: Iterable[Document]) -> None:
        """Take containers as they are now."""
        for entity in entities:
            if "deletedAt" in entity:
                self._bins.pop(entity["id"], None)
                continue
            try:
                container = mapping.read_container(entity, full_at=self._full_at)
            except InventoryRefused as error:
                self.refused[entity["id"]] = error.detail
                continue
            one = self._told(container, entity)
            self._hear(one, entity)
            self._level_told(one, entity)
            self.touched.add(entity["id"])

    def take_devices(self, entities: Iterable[Document]) -> None:
        """Take devices as they are now; those that sit in no container are passed over."""
        for entity in entities:
            asset = attribute_of(entity, "controlledAsset")
            asset = asset[0] if isinstance(asset, list) and asset else asset
            owner = asset if isinstance(asset, str) else self._bin_of_device.get(entity["id"], "")
            one = self._bins.get(owner)
            if one is not None and "deletedAt" not in entity:
                place = mapping.read_place(entity)
                if place is not None and attribute_of(entity, own("positionSensed")) is True:
                    one.seen = one.seen._replace(sensed_at=place)
                self._hear(one, entity)
                self.touched.add(owner)

    def emptied(self, container_id: str, *, at_us: int, stop: str | None = None, after: float = 0.0) -> bool:
        """Take a crew's word; return whether it was news. An unknown container is none."""
        one = self._bins.get(container_id)
        if one is None:
            return False
        one.track, events = emptied_by_crew(one.track, at_us=at_us, after=after)
        self._after(one, events, stop=stop)
        return bool(events)

    def forecast(self, one: Bin, *, at_us: int) -> Forecast:
        """Return the level at a time, without an emptying before."""
        group = self.group_of(one)
        known, pace = basis(one.track, one.pace, group, self.week)
        return forecast(known, pace, group, self.week, at_us=at_us)

    def group_of(self, one: Bin) -> Group:
        """Return the group of similar containers: those of the same streams."""
        return self._groups.get(one.container.streams, Group())

    def learn_groups(self) -> None:
        """Learn again what similar containers have in common, and the city's week."""
        paces: dict[tuple[str, ...], list[Pace]] = {}
        for one in self._bins.values():
            if one.pace.busy_h:
                paces.setdefault(one.container.streams, []).append(one.pace)
        self._groups = {streams: Group.of(found) for streams, found in paces.items()}
        self.week = learn_week(self._grown, self._hours, offset_us=self._offset_us)

    def learn_from(self, container_id: str, levels: Iterable[Reading]) -> None:
        """Learn paces from a container's history, oldest first, and find emptyings that nobody has noted."""
        one = self._bins.get(container_id)
        if one is None:
            return
        track = Track()
        for level in levels:
            before = track
            track, events = follow(track, level)
            self._learn(one, before, events)
            for event in events:
                if isinstance(event, Emptied) and event.at_us > one.track.emptied_us:
                    one.track = one.track._replace(emptied_us=event.at_us)
                    self._emptied(one, event, None)

    def _told(self, container: Container, entity: Document) -> Bin:
        one = self._bins.get(container.id)
        if one is None:
            last_us = mapping.time_us(attribute_of(entity, "dateLastEmptying"))
            one = self._bins[container.id] = Bin(container, Track(emptied_us=last_us))
        one.container = container
        for device in container.devices:
            self._bin_of_device[device] = container.id
        status = attribute_of(entity, "status")
        temperature = attribute_of(entity, f"{WM}temperature", "temperature")
        one.seen = one.seen._replace(
            status=status if isinstance(status, str) else "ok",
            temperature_c=_float(temperature, one.seen.temperature_c),
        )
        return one

    def _hear(self, one: Bin, entity: Document) -> None:
        """Take what the sensors in an entity tell of the container."""
        angle = attribute_of(entity, own("sensedAngle"))
        temperature = attribute_of(entity, f"{WM}temperature", "temperature")
        one.seen = one.seen._replace(
            angle_deg=_float(angle, one.seen.angle_deg),
            temperature_c=_float(temperature, one.seen.temperature_c),
        )
        news = False
        for name, word in mapping.sensed(entity).items():
            news |= one.words.get((entity["id"], name)) != word
            one.words[entity["id"], name] = word
        if news:
            self._sensed(one)

    def _sensed(self, one: Bin) -> None:
        newest_us = max(at_us for _, _, at_us in one.words.values())
        levels = []
        for source, (kind, value, at_us) in one.words.items():
            if newest_us - at_us <= _TOGETHER_US:
                try:
                    levels.append(self._share(one, source, kind, value))
                except ReadingRefused as error:
                    self.refused[one.container.id] = error.detail
        # A reading that cannot be counts as a doubt, by a level that cannot be.
        self._read(one, Reading(combine(levels) if levels else 9.0, newest_us))

    def _share(self, one: Bin, source: tuple[str, str], kind: str, value: float) -> float:
        if kind == "share":
            return value
        geometry = self._geometries.get(one.container.model or "")
        if geometry is None:
            raise ReadingRefused(
                f"{one.container.id} has no model with a height: set refWasteContainerModel and its height."
            )
        if kind == "distance":
            return level_of_distance(geometry, value)
        start = one.counted_from.setdefault(source, 0.0)
        if value < start:  # the counter began anew
            start = one.counted_from[source] = 0.0
        return level_of_deposits(geometry, value - start, capacity_l=one.container.capacity_l)

    def _level_told(self, one: Bin, entity: Document) -> None:
        """Take a level that a gateway has written; what we wrote ourselves is no news."""
        level, at_us = (
            attribute_of(entity, "fillingLevel"),
            mapping.time_us(observed_of(entity, "fillingLevel")),
        )
        if isinstance(level, int | float) and at_us:
            reading = Reading(float(level), at_us)
            if reading != one.written and not one.words:
                self._read(one, reading, is_written=True)

    def _read(self, one: Bin, reading: Reading, *, is_written: bool = False) -> None:
        before = one.track
        one.track, events = follow(one.track, reading)
        one.seen = one.seen._replace(heard_us=max(one.seen.heard_us, reading.at_us))
        self._learn(one, before, events)
        self._after(one, events, is_written=is_written)

    def _learn(self, one: Bin, before: Track, events: list[Any]) -> None:
        known = before.known
        for event in events:
            if isinstance(event, Emptied):
                known = None
            elif isinstance(event, LevelSeen):
                reading = Reading(event.level, event.at_us)
                if known is not None:
                    one.pace = learn(one.pace, self.week, known, reading, rate=self.group_of(one).rate)
                    self._learn_week(known, reading)
                known = reading

    def _learn_week(self, before: Reading, after: Reading) -> None:
        hours = (after.at_us - before.at_us) / _HOUR_US
        if hours <= 6 and after.level < 0.97:
            block = self.week.block((before.at_us + after.at_us) // 2)
            self._grown[block] += after.level - before.level
            self._hours[block] += hours

    def _after(
        self, one: Bin, events: list[Any], *, stop: str | None = None, is_written: bool = False
    ) -> None:
        for event in events:
            if isinstance(event, Emptied):
                self._emptied(one, event, stop)
            elif isinstance(event, LevelSeen):
                self.figures["levels"] += 1
                is_full = event.level >= one.container.full_at
                one.full_since_us = (one.full_since_us or event.at_us) if is_full else 0
            else:
                self.figures["doubtful"] += 1
        seen = [event for event in events if isinstance(event, LevelSeen | Emptied)]
        if seen and one.track.known is not None and not is_written:
            one.written = Reading(round(one.track.known.level, 4), one.track.known.at_us)
            level = mapping.prop(one.written.level, mapping.iso(one.written.at_us), "C62")
            self.put({"id": one.container.id, "fillingLevel": level})
        if events:
            self.touched.add(one.container.id)

    def _emptied(self, one: Bin, event: Emptied, stop: str | None) -> None:
        self.figures["emptyings"] += 1
        for source, (kind, value, _) in one.words.items():
            if kind == "deposits":
                one.counted_from[source] = value
        full_us = event.at_us - one.full_since_us if one.full_since_us else 0
        one.full_since_us = 0
        self.put(mapping.emptying_entity(one.container, event, stop=stop, full_us=full_us))
        self.put({"id": one.container.id, "dateLastEmptying": mapping.date(event.at_us)})
        for told in self._emptyings:
            told(one, event)

    def put(self, document: Document) -> None:
        """Have a document written, joined with what waits for its entity; a full outbox drops the oldest."""
        waiting = self.outbox.pop(document["id"], {})
        self.outbox[document["id"]] = {**waiting, **document}
        while len(self.outbox) > _MOST_WAITING:
            self.outbox.pop(next(iter(self.outbox)))


def _float(told: object, otherwise: float | None) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else otherwise

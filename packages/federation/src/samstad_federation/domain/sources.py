"""The sources of one tenant, found by what is asked (clause 5.12).

- an id finds the registrations that name it without looking at others;
- a type finds those that name it, so that a thousand others cost a request nothing;
- registrations of history, and those that ended, concern no request for the present.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from samstad_broker.spi.forwarder import EntityInfo, Information, Match, Source

__all__ = ["Sought", "Sources", "covers", "covers_type"]

FitsTypes = Callable[[Collection[str]], bool]


class Sought(NamedTuple):
    """What is asked for.

    Attributes:
        ids: any of these; empty: any.
        fits_id: whether an id meets the pattern; None: there is none.
        fits_types: whether types are selected; None: any.
        types: IRIs of which every selected set of types has one; None: not known.
        attributes: IRIs, any of these; empty: all.
    """

    ids: Collection[str] = ()
    fits_id: Callable[[str], bool] | None = None
    fits_types: FitsTypes | None = None
    attributes: Collection[str] = ()
    types: Collection[str] | None = None


class _Entry(NamedTuple):
    source: Source
    place: int
    entity: EntityInfo


class Sources:
    """The registrations of one tenant, by id, by types, and those about any entity."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._ranks: dict[str, int] = {}
        self._next = 0
        self._by_id: dict[str, list[_Entry]] = {}
        self._by_type: dict[str, list[_Entry]] = {}
        self._typed: list[_Entry] = []
        self._named_types: set[str] = set()
        """The types of entities that are registered by their ids."""
        self._any: list[tuple[Source, int]] = []

    def __len__(self) -> int:
        return len(self._sources)

    def put(self, source: Source) -> None:
        """Take a source, new or changed."""
        changed = source.id in self._sources
        if not changed:
            self._ranks[source.id] = self._next
            self._next += 1
        self._sources[source.id] = source
        if changed:
            self._index_all()
        else:
            self._index(source)

    def drop(self, registration_id: str) -> None:
        """Forget a source."""
        if self._sources.pop(registration_id, None) is not None:
            del self._ranks[registration_id]
            self._index_all()

    def may_concern(self, ids: Sequence[str], types: Sequence[str]) -> bool:
        """Whether any information could be about entities of some ids, or (none) any id, and some types."""
        if self._any:
            return True
        by_type = self._by_type
        for name in types:
            if name in by_type:
                return True
        if not ids:
            return not self._named_types.isdisjoint(types)
        by_id = self._by_id
        return any(entity_id in by_id for entity_id in ids)

    def match(self, sought: Sought, operation: str, *, now_us: int, without: Collection[str]) -> list[Match]:
        """Return the sources that may have what is asked for, in the order in which they were registered.

        Args:
            sought: what is asked for.
            operation: that they must support; empty: whatever they support.
            now_us: the time, for those that ended.
            without: aliases in lower case of sources that the request has passed.
        """
        places: dict[str, set[int]] = {}
        for source, place in self._candidates(sought):
            places.setdefault(source.id, set()).add(place)
        found = []
        for registration_id in sorted(places, key=self._ranks.__getitem__):
            source = self._sources[registration_id]
            if _serves(source, operation, now_us) and source.alias.lower() not in without:
                found.append(Match(source, tuple(source.information[p] for p in sorted(places[source.id]))))
        return found

    def _candidates(self, sought: Sought) -> Iterable[tuple[Source, int]]:
        for source, place in self._any:
            if _wants(source.information[place], sought):
                yield source, place
        for entry in self._entries(sought):
            if _wants(entry.source.information[entry.place], sought) and _fits_id(entry.entity, sought):
                yield entry.source, entry.place

    def _entries(self, sought: Sought) -> Iterable[_Entry]:
        fits = sought.fits_types
        if sought.types is None:
            yield from (entry for entry in self._typed if fits is None or fits(entry.entity.types))
        else:
            for name in sought.types:
                typed = self._by_type.get(name, ())
                yield from (entry for entry in typed if fits is None or fits(entry.entity.types))
        named: Iterable[Sequence[_Entry]] = (
            (self._by_id.get(entity_id, ()) for entity_id in sought.ids)
            if sought.ids
            else self._by_id.values()
        )
        for listed in named:
            yield from (entry for entry in listed if fits is None or fits(entry.entity.types))

    def _index_all(self) -> None:
        self._by_id, self._by_type, self._typed, self._any = {}, {}, [], []
        self._named_types = set()
        for source in self._sources.values():
            self._index(source)

    def _index(self, source: Source) -> None:
        for place, info in enumerate(source.information):
            if not info.entities:
                self._any.append((source, place))
            for entity in info.entities:
                entry = _Entry(source, place, entity)
                if entity.id is not None:
                    self._by_id.setdefault(entity.id, []).append(entry)
                    self._named_types |= entity.types
                else:
                    self._typed.append(entry)
                    for name in entity.types:
                        self._by_type.setdefault(name, []).append(entry)


def _serves(source: Source, operation: str, now_us: int) -> bool:
    if source.is_historic and not operation.endswith("Temporal"):
        return False
    if operation and operation not in source.operations:
        return False
    return source.expires_us is None or source.expires_us > now_us


def _wants(info: Information, sought: Sought) -> bool:
    return not sought.attributes or not info.attributes or not info.attributes.isdisjoint(sought.attributes)


def _fits_id(entity: EntityInfo, sought: Sought) -> bool:
    if entity.id is not None:
        if sought.ids:
            return entity.id in sought.ids
        return sought.fits_id is None or sought.fits_id(entity.id)
    if entity.pattern is None or not sought.ids:
        return True  # two patterns: whether one id meets both is not decided
    search = entity.pattern.search
    return any(search(entity_id) for entity_id in sought.ids)


def covers(
    information: Sequence[Information], entity_id: str, types: Collection[str]
) -> frozenset[str] | None:
    """Return the attributes of an entity that information is about: empty for all, None for no part of it."""
    named: set[str] = set()
    about = False
    for info in information:
        if info.entities and not any(_is_about(entity, entity_id, types) for entity in info.entities):
            continue
        if not info.attributes:
            return frozenset()
        about = True
        named |= info.attributes
    return frozenset(named) if about else None


def _is_about(entity: EntityInfo, entity_id: str, types: Collection[str]) -> bool:
    if entity.id is not None and entity.id != entity_id:
        return False
    if entity.pattern is not None and not entity.pattern.search(entity_id):
        return False
    return not types or not entity.types.isdisjoint(types)


def covers_type(information: Sequence[Information], name: str) -> frozenset[str] | None:
    """Return the attributes of a type that information is about: empty for all, None for not at all."""
    named: set[str] = set()
    about = False
    for info in information:
        if info.entities and not any(name in entity.types for entity in info.entities):
            continue
        if not info.attributes:
            return frozenset()
        about = True
        named |= info.attributes
    return frozenset(named) if about else None

"""Subscriptions that the same kind of change of the same attribute of the same type can concern."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from samstad_broker.domain.subscriptions.changes import ChangeEvent
from samstad_broker.domain.subscriptions.prefixes import LiteralPrefix, PrefixTable, literal_prefix
from samstad_broker.domain.subscriptions.subscription import EntitySelector, Interval, Subscription
from samstad_broker.domain.subscriptions.thresholds import IntervalTable
from samstad_ngsild.document import EntityDocument

__all__ = ["Entry", "Group"]

Check = Callable[[ChangeEvent], bool]


class Entry(NamedTuple):
    """A subscription, by one of its selectors, in a group.

    Attributes:
        id: the subscription.
        ids: the only entities it is about; empty: not by id.
        prefix: the literal beginning of its id pattern.
        intervals: terms about numbers, for entries not found by id.
        rest: what is to be asked when id or prefix, and the intervals, are decided; None: nothing.
        full: everything that the type does not decide; None: nothing.
    """

    id: str
    ids: frozenset[str]
    prefix: LiteralPrefix | None
    intervals: tuple[Interval, ...]
    rest: Check | None
    full: Check | None

    @classmethod
    def of(cls, subscription: Subscription, selector: EntitySelector | None) -> Entry:
        """Return the entry of a subscription for one of its selectors; None: for all entities."""
        types = pattern = prefix = None
        ids: frozenset[str] = frozenset()
        if selector is not None:
            ids = selector.ids
            types = None if selector.keys_decide else selector.fits_types
            pattern = selector.pattern if not ids else None
            prefix = literal_prefix(pattern.text) if pattern is not None else None
        condition = subscription.condition
        by_place = ids or pattern is not None
        intervals = () if by_place else subscription.intervals
        search = None if pattern is None else pattern.search
        known = search if prefix is None or not prefix.decides else None
        asked = None if intervals and subscription.intervals_decide else condition
        return cls(
            subscription.id,
            ids,
            prefix,
            intervals,
            _check(types, known, asked),
            _check(types, search, condition),
        )


def _check(
    types: Callable[[tuple[str, ...]], bool] | None,
    search: Callable[[str], bool] | None,
    condition: Callable[[EntityDocument], bool] | None,
) -> Check | None:
    """Return the conjunction of what is given, the cheap parts first."""
    if types is None and search is None:
        return None if condition is None else lambda event: condition(event.document)

    def check(event: ChangeEvent) -> bool:
        return (
            (types is None or types(event.types))
            and (search is None or search(event.entity_id))
            and (condition is None or condition(event.document))
        )

    return check


def _is_sure(entry: Entry) -> bool:
    """Whether lying in its one interval is all that an entry asks."""
    return entry.rest is None and len(entry.intervals) == 1


class _Bounds:
    """Entries that wait for a number of one attribute.

    Attributes:
        sure: subscriptions for which the interval is enough.
        unsure: entries that ask for more.
    """

    __slots__ = ("entries", "has_sure", "has_unsure", "sure", "unsure")

    def __init__(self) -> None:
        self.sure: IntervalTable[str] = IntervalTable()
        self.unsure: IntervalTable[Entry] = IntervalTable()
        self.entries: list[Entry] = []
        self.has_sure = self.has_unsure = False

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        _, low, high = entry.intervals[0]
        if _is_sure(entry):
            self.has_sure = True
            self.sure.add(low, high, entry.id)
        else:
            self.has_unsure = True
            self.unsure.add(low, high, entry)

    def remove(self, entry: Entry) -> None:
        self.entries.remove(entry)
        _, low, high = entry.intervals[0]
        if _is_sure(entry):
            self.sure.remove(low, high, entry.id)
        else:
            self.unsure.remove(low, high, entry)

    def collect(self, number: float, event: ChangeEvent, found: list[str]) -> None:
        """Append the subscriptions that the number, and what else they ask, concern."""
        if self.has_sure:
            found += self.sure.around(number)
        if not self.has_unsure:
            return
        numbers = event.numbers
        for entry in self.unsure.around(number):
            check = entry.rest
            for attribute, low, high in entry.intervals:
                other = numbers[attribute]
                if other is None:
                    check = entry.full
                elif not low <= other <= high:
                    break
            else:
                if check is None or check(event):
                    found.append(entry.id)


class Group:
    """Entries by what finds them fastest."""

    __slots__ = ("_bounds", "_by_id", "_prefixes", "_rest", "_size")

    def __init__(self) -> None:
        self._by_id: dict[str, list[Entry]] = {}
        self._prefixes: PrefixTable[Entry] = PrefixTable()
        self._bounds: dict[str, _Bounds] = {}
        self._rest: list[Entry] = []
        self._size = 0

    def __bool__(self) -> bool:
        return self._size > 0

    def add(self, entry: Entry) -> None:
        """Take in an entry."""
        self._size += 1
        if entry.ids:
            for entity_id in entry.ids:
                self._by_id.setdefault(entity_id, []).append(entry)
        elif entry.prefix is not None:
            self._prefixes.add(entry.prefix, entry)
        elif entry.intervals:
            self._bounds.setdefault(entry.intervals[0].attribute, _Bounds()).add(entry)
        else:
            self._rest.append(entry)

    def remove(self, entry: Entry) -> None:
        """Take out an entry that was added."""
        self._size -= 1
        if entry.ids:
            for entity_id in entry.ids:
                entries = self._by_id[entity_id]
                entries.remove(entry)
                if not entries:
                    del self._by_id[entity_id]
        elif entry.prefix is not None:
            self._prefixes.remove(entry.prefix, entry)
        elif entry.intervals:
            bounds = self._bounds[entry.intervals[0].attribute]
            bounds.remove(entry)
            if not bounds.entries:
                del self._bounds[entry.intervals[0].attribute]
        else:
            self._rest.remove(entry)

    def collect(self, event: ChangeEvent, found: list[str]) -> None:
        """Append the ids of the subscriptions that a change concerns."""
        if self._by_id:
            entries = self._by_id.get(event.entity_id, ())
            found += [entry.id for entry in entries if entry.rest is None or entry.rest(event)]
        if self._prefixes:
            self._collect_by_prefix(event, found)
        numbers = event.numbers
        for attribute, bounds in self._bounds.items():
            number = numbers[attribute]
            if number is None:
                _collect_all(bounds.entries, event, found)
            elif number == number:  # noqa: PLR0124 - not NaN, which says that there is no such attribute
                bounds.collect(number, event, found)
        if self._rest:
            _collect_all(self._rest, event, found)

    def _collect_by_prefix(self, event: ChangeEvent, found: list[str]) -> None:
        for entry, begins in self._prefixes.found(event.entity_id):
            check = entry.rest if begins else entry.full
            if check is None or check(event):
                found.append(entry.id)


def _collect_all(entries: list[Entry], event: ChangeEvent, found: list[str]) -> None:
    """Ask every entry."""
    found += [entry.id for entry in entries if entry.full is None or entry.full(event)]

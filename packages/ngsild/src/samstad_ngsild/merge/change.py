"""What an update does to a document: the new one, and what was touched on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from samstad_ngsild.document import EntityDocument, Instance

__all__ = ["Change", "ChangeBuilder", "NotUpdated"]


@dataclass(frozen=True, slots=True)
class NotUpdated:
    """An attribute that was asked for and not updated (clause 5.2.19).

    Attributes:
        attribute: its expanded name.
        dataset_id: its instance; None for the default one.
        reason: why, for a person.
    """

    attribute: str
    dataset_id: str | None
    reason: str


class Change(NamedTuple):
    """The outcome of an update; nothing in it is ever mutated, nor is the document that was updated.

    Attributes:
        document: the new document; the old one itself where nothing differs.
        current: the old document.
        changed: touched attribute → its instances after; an empty list where it was deleted.
        not_updated: what was asked for and left alone.
        differs: the touched attributes that got another value, member or set of instances: an identical
            write touches and does not differ (clause 5.8.6).
        members: which of type, scope and expiresAt got another value.
    """

    document: EntityDocument
    current: EntityDocument
    changed: dict[str, list[Instance]]
    not_updated: list[NotUpdated]
    differs: frozenset[str]
    members: frozenset[str]

    @property
    def before(self) -> dict[str, list[Instance]]:
        """The touched attributes with their instances before; an empty list where one was created."""
        return {name: self.current.get(name, []) for name in self.changed}

    @property
    def written(self) -> dict[str, list[Instance]]:
        """The touched attributes that differ, with their instances after, in the order in which they came."""
        if len(self.differs) == len(self.changed):
            return self.changed
        return {name: after for name, after in self.changed.items() if name in self.differs}

    @property
    def is_identical(self) -> bool:
        """Whether the document is as it was before."""
        return not (self.differs or self.members)


@dataclass(slots=True)
class ChangeBuilder:
    """Collects the touched parts of one document; the current document is only read.

    Attributes:
        current: the document that is updated.
        now: the text of modifiedAt.
    """

    current: EntityDocument
    now: str
    changed: dict[str, list[Instance]] = field(default_factory=dict)
    not_updated: list[NotUpdated] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)

    def instances(self, name: str) -> dict[str | None, Instance]:
        """Return the instances of an attribute by datasetId, as a dict to work on."""
        return {instance.get("datasetId"): instance for instance in self.current.get(name, ())}

    def put(self, name: str, instances: dict[str | None, Instance]) -> None:
        """Set the instances of an attribute after the update; none deletes it."""
        if not instances and name not in self.current:
            return  # there was nothing to delete
        default = instances.pop(None, None)
        rest = list(instances.values())
        self.changed[name] = rest if default is None else [default, *rest]

    def leave(self, name: str, dataset_id: str | None, reason: str) -> None:
        """Note that an instance was left alone."""
        self.not_updated.append(NotUpdated(name, dataset_id, reason))

    def set_member(self, name: str, value: Any) -> None:
        """Set type, scope or expiresAt; None removes it."""
        if self.current.get(name) != value:
            self.members[name] = value

    def add_types(self, types: Iterable[str]) -> None:
        """Add the entity types that are not there yet (clauses 5.5.8 and 5.5.12)."""
        present = self.current["type"]
        new = [iri for iri in types if iri not in present]
        if new:
            self.members["type"] = [*present, *new]

    def add_scopes(self, scopes: Iterable[str]) -> None:
        """Add the scopes that are not there yet (clause 5.6.3.4)."""
        present = self.current.get("scope", [])
        new = [scope for scope in scopes if scope not in present]
        if new:
            self.members["scope"] = [*present, *new]

    def finish(self) -> Change:
        """Return the change; modifiedAt of the entity moves only where something differs."""
        current = self.current
        differs = frozenset(
            [
                name
                for name, instances in self.changed.items()
                if not _identical(instances, current.get(name, ()))
            ]
        )
        document = self.current
        if differs or self.members:
            document = dict(self.current)
            document["modifiedAt"] = self.now
            for name, value in self.members.items():
                _assign(document, name, value)
            for name in differs:
                _assign(document, name, self.changed[name])
        return Change(
            document=document,
            current=current,
            changed=self.changed,
            not_updated=self.not_updated,
            differs=differs,
            members=frozenset(self.members),
        )


def _identical(one: list[Instance], other: Sequence[Instance]) -> bool:
    """Tell whether two attributes hold the very same instances: an unchanged instance is never copied."""
    return len(one) == len(other) and all(map(_is, one, other))


def _is(one: Instance, other: Instance) -> bool:
    return one is other


def _assign(document: EntityDocument, name: str, value: Any) -> None:
    if value is None or value == []:
        document.pop(name, None)
    else:
        document[name] = value

"""The store of access: records by kind and id, with a number that grows at each change.

Other processes of the node use the same store. What one of them writes, the others learn by asking
``changes_since``: so a revoked key stops counting everywhere within the poll interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

__all__ = ["EVERYTHING", "AccessStore", "Change", "Record", "RecordT"]


class Record(Protocol):
    """What a store keeps: a frozen Struct that names its kind, id, owner and end."""

    KIND: ClassVar[str]

    @property
    def id(self) -> str:
        """Unique within the kind."""
        ...

    @property
    def owner(self) -> str:
        """By what it is listed: for credentials the principal's id."""
        ...

    @property
    def expires_us(self) -> int | None:
        """From when it may be purged; None to keep it."""
        ...


RecordT = TypeVar("RecordT", bound=Record)


class Change(NamedTuple):
    """One record that was put or removed."""

    kind: str
    id: str


EVERYTHING = Change("*", "*")
"""Said when more has changed than the store remembers one by one."""


@runtime_checkable
class AccessStore(Protocol):
    """Keeps records; every write is durable when the call returns (I3).

    Every method may raise StoreFailure.
    """

    def find(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Return a record, or None."""
        ...

    def list_records(
        self, kind: type[RecordT], *, owner: str | None = None, after: str = "", limit: int = 1000
    ) -> list[RecordT]:
        """Return the records of a kind, of one owner or of all, in the order of their ids, after an id."""
        ...

    def put(self, record: RecordT, *, replacing: RecordT | None) -> None:
        """Write a record in place of one that was read before; None where there must be none yet.

        Raises:
            Conflict: the store holds something else by now.
        """
        ...

    def take(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Remove a record and return it, or None; of many that take it at once one gets it."""
        ...

    def purge(self, *, now_us: int) -> int:
        """Remove records that expired and return how many."""
        ...

    def note_used(self, kind: type[RecordT], used_us: Mapping[str, int]) -> None:
        """Note when credentials were used; not a change, and allowed to be lost at power loss."""
        ...

    def last_used_us(self, kind: type[RecordT], record_id: str) -> int | None:
        """Return when a credential was last noted as used."""
        ...

    def changes_since(self, number: int) -> tuple[int, list[Change]]:
        """Return the newest change's number and what changed after ``number``; cheap where nothing did."""
        ...

    def close(self) -> None:
        """Release the files."""
        ...

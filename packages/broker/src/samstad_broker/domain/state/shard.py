"""The state of one shard: the data sets of all tenants, and the documents beside the entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from samstad_broker.domain.state.builds import Builds
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.expiries import Bell, Expiries

__all__ = ["DataKey", "Documents", "State"]

DataKey = tuple[str, str]
"""(tenant, snapshot); the snapshot is the empty string for live data."""

Documents = dict[str, dict[str, Any]]
"""Documents of one tenant: collection → id → content."""


class State:
    """Everything current. One event loop owns it; a tenant exists once something was written into it.

    Attributes:
        sequence: the sequence that the next new entity gets.
        expiry_bell: rung when something expires earlier than all before it.
        builds: indexes that questions want, for the task that builds them.
    """

    def __init__(self) -> None:
        self.sequence = 1
        self.expiry_bell = Bell()
        self.builds = Builds()
        live = Dataset(Expiries(self.expiry_bell), self.builds)
        self._datasets: dict[DataKey, Dataset] = {("", ""): live}
        self._documents: dict[str, Documents] = {"": {}}

    def knows(self, tenant: str) -> bool:
        """Whether the tenant exists; the default tenant always does (clause 4.14)."""
        return tenant in self._documents

    def begin_tenant(self, tenant: str) -> None:
        """Make a tenant known."""
        self._documents.setdefault(tenant, {})

    def tenants(self) -> list[str]:
        """Return the names of all tenants, the default one as the empty string."""
        return sorted(self._documents)

    def dataset(self, tenant: str, snapshot: str = "") -> Dataset:
        """Return the entities of a tenant or snapshot; an empty data set where nothing was written."""
        key = (tenant, snapshot)
        found = self._datasets.get(key)
        if found is None:
            expiries = Expiries(self.expiry_bell, counts=not snapshot)
            found = self._datasets[key] = Dataset(expiries, self.builds)
        return found

    def forget(self, tenant: str, snapshot: str) -> None:
        """Give up the data set of a snapshot that has ended, when nothing is left in it."""
        if snapshot and not self._datasets.get((tenant, snapshot), ()):
            self._datasets.pop((tenant, snapshot), None)

    def datasets(self) -> Iterator[tuple[DataKey, Dataset]]:
        """Yield all data sets."""
        yield from self._datasets.items()

    def collection(self, tenant: str, name: str) -> dict[str, Any]:
        """Return the documents of one collection, id → content; empty where there is none."""
        return self._documents.get(tenant, {}).get(name, {})

    def put_document(self, tenant: str, collection: str, document_id: str, content: Any) -> None:
        """Keep a document; the tenant becomes known by it."""
        self._documents.setdefault(tenant, {}).setdefault(collection, {})[document_id] = content

    def drop_document(self, tenant: str, collection: str, document_id: str) -> None:
        """Forget a document; nothing happens when it is not there."""
        self._documents.get(tenant, {}).get(collection, {}).pop(document_id, None)

    def documents(self) -> Iterator[tuple[str, str, str, Any]]:
        """Yield (tenant, collection, id, content) of all documents."""
        for tenant, collections in self._documents.items():
            for collection, members in collections.items():
                for document_id, content in members.items():
                    yield tenant, collection, document_id, content

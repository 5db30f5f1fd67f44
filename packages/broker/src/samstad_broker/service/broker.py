"""What the operations work on: the state, the writer and the ports of one shard, joined once at start."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.shard import State
from samstad_broker.service.call import Call
from samstad_broker.service.entity_maps import EntityMaps
from samstad_broker.service.history import History
from samstad_broker.service.writer import Writer
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.forwarder import Forwarder, NoForwarder
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import NonexistentTenant, ResourceNotFound

__all__ = ["Broker", "BrokerLimits", "Matcher", "ModelCheck", "no_matches", "no_model"]


class Matcher(Protocol):
    """Finds the subscriptions that a change concerns; part of the write, so it must not scan."""

    def __call__(
        self,
        tenant: str,
        before: EntityDocument | None,
        after: EntityDocument | None,
        touched: Collection[str],
    ) -> tuple[str, ...]:
        """Return the ids of the subscriptions in whose conditions the change falls."""
        ...


class ModelCheck(Protocol):
    """Holds entities against the tenant's models; raises where the tenant refuses what breaks them."""

    def __call__(self, tenant: str, document: EntityDocument) -> None:
        """Return when the document may be written.

        Raises:
            BadRequestData: it breaks its model and the tenant refuses that.
        """
        ...


def no_matches(
    tenant: str,
    before: EntityDocument | None,
    after: EntityDocument | None,
    touched: Collection[str],
) -> tuple[str, ...]:
    """Match nothing: for a broker without subscriptions."""
    del tenant, before, after, touched
    return ()


def no_model(tenant: str, document: EntityDocument) -> None:
    """Check nothing."""
    del tenant, document


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLimits:
    """Bounds of one request (invariant I5).

    Attributes:
        batch: entities in a batch operation.
        page: the largest ``limit``.
        default_page: the ``limit`` of a query that gives none.
        join_level: the largest ``joinLevel``.
        page_instances: instances of one attribute in a temporal answer; more are given page by page.
        scan: documents that one query may evaluate before it is refused as too complex.
    """

    batch: int = 1_000
    page: int = 1_000
    default_page: int = 20
    join_level: int = 5
    scan: int = 2_000_000
    page_instances: int = 1_000


def _new_map_id() -> str:
    return f"urn:ngsi-ld:EntityMap:{uuid.uuid4()}"


def _no_snapshot(call: Call) -> bool:
    del call
    return False


async def _no_copies(call: Call, entity_id: str) -> None:
    del call, entity_id


@dataclass(slots=True, kw_only=True)
class Broker:
    """One shard at work.

    Attributes:
        alias: the name of this context source in ``Via`` and sourceIdentity (clause 6.3.18).
        maps: the sets of entities that sequences of queries keep to.
        history: what temporal operations read; None: this broker keeps none that can be asked.
        may_begin_tenants: whether the first write into an unknown tenant creates it (clause 5.5.10).
        forwarder: asks registered sources; a tenant without any is answered from here alone.
        has_snapshot: whether the snapshot of a call exists, and its caller may use it (clause 5.5.15).
        end_copies: ends what holds a copy of an entity of which values are redacted.
    """

    state: State
    writer: Writer
    clock: Clock
    matcher: Matcher = no_matches
    model: ModelCheck = no_model
    limits: BrokerLimits = field(default_factory=BrokerLimits)
    alias: str = "samstad"
    maps: EntityMaps = field(default_factory=lambda: EntityMaps(_new_map_id))
    history: History | None = None
    forwarder: Forwarder = field(default_factory=NoForwarder)
    may_begin_tenants: bool = True
    has_snapshot: Callable[[Call], bool] = _no_snapshot
    end_copies: Callable[[Call, str], Awaitable[None]] = _no_copies

    def data(self, call: Call) -> Dataset:
        """Return the data that a call reads or changes.

        Raises:
            NonexistentTenant: the tenant is not known.
            ResourceNotFound: the snapshot is not.
        """
        self._check_snapshot(call)
        if not self.state.knows(call.tenant):
            raise NonexistentTenant(
                f"There is no tenant {call.tenant!r} here, or none that you may use.",
                pointer="NGSILD-Tenant",
            )
        return self.state.dataset(call.tenant, call.snapshot)

    def data_for_creation(self, call: Call) -> Dataset:
        """Return the data that a creating call writes into; the tenant begins with it (clause 5.5.10).

        Raises:
            ResourceNotFound: the snapshot is not known.
        """
        self._check_snapshot(call)
        if self.may_begin_tenants and not self.state.knows(call.tenant):
            self.state.begin_tenant(call.tenant)
        return self.data(call)

    def _check_snapshot(self, call: Call) -> None:
        if call.snapshot and not self.has_snapshot(call):
            raise ResourceNotFound(
                f"There is no snapshot {call.snapshot!r:.200} here, or none that you may use.",
                pointer="NGSILD-Snapshot",
            )

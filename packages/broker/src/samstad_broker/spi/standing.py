"""The Standing port: what somebody may who set something up and is not there when it acts (I6).

A subscription goes on while its owner sleeps. With it is kept a *mandate*: whose it is and by which
credential it was made, never a secret. Before each act the mandate is turned into a caller with the
rights of that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from samstad_broker.spi.authorizer import Caller, Operation

__all__ = ["EverybodyStands", "Standing"]


class Standing(Protocol):
    """Keeps and judges mandates, in process, in microseconds."""

    def mandate(self, caller: Caller, *, now_us: int) -> Mapping[str, Any]:
        """Return what is kept of a caller, as JSON."""
        ...

    def holder(self, mandate: Mapping[str, Any] | None, *, now_us: int) -> Caller | None:
        """Return the caller that a mandate stands for now; None where it stands for nobody any more."""
        ...

    def may(self, caller: Caller, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        """Decide, as the Authorizer does."""
        ...


@dataclass(frozen=True, slots=True)
class EverybodyStands:
    """Lets everything go on: for a node without login."""

    id: str = "anybody"

    def mandate(self, caller: Caller, *, now_us: int) -> Mapping[str, Any]:
        """Keep nothing."""
        del caller, now_us
        return {}

    def holder(self, mandate: Mapping[str, Any] | None, *, now_us: int) -> Caller | None:
        """Return the one caller that there is."""
        del mandate, now_us
        return self

    def may(self, caller: Caller, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        """Say yes."""
        del caller, tenant, operation, entity_type
        return True

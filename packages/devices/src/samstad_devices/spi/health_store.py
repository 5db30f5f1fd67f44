"""The HealthStore port: what is known of the health of devices outlives the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from samstad_devices.domain.health import Memory

__all__ = ["HealthStore"]


class HealthStore(Protocol):
    """Keeps memories by the ids of devices."""

    async def load(self) -> dict[str, Memory]:
        """Return all of them."""
        ...

    async def save(self, memories: Mapping[str, Memory]) -> None:
        """Keep some."""
        ...

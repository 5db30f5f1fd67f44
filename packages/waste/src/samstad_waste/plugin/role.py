"""The role of a node: wires the bins, their alerts and the broker's client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from samstad_plugin.service import Service, Surroundings
from samstad_waste.settings import WasteSettings

__all__ = ["start"]


@asynccontextmanager
async def start(surroundings: Surroundings[WasteSettings]) -> AsyncIterator[Service]:
    """Give the service."""
    del surroundings
    yield Service()

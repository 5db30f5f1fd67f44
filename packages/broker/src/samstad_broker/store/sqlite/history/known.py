"""Entities as the history knows them, between rows of the database and the port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from samstad_broker.spi.history import HistoryEntity

__all__ = ["history_entity"]


def history_entity(columns: Sequence[Any]) -> HistoryEntity:
    """Return what a row of the view ``known`` says: key, id, times, types one to a line."""
    key, entity_id, created_at, modified_at, deleted_at, types = columns
    found = tuple(types.split("\n")) if types else ()
    return HistoryEntity(key, entity_id, found, created_at, modified_at, deleted_at)

"""What the readers give: rows that became entities, and rows that could not."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["BadRow", "Entity", "FileRefused", "ImportedRow"]

Entity = dict[str, Any]


class FileRefused(Exception):
    """The file or the mapping as a whole cannot be used; the sentence says why."""


class BadRow(NamedTuple):
    """Why a row was refused: its number from 1, the field, and what is wrong with it."""

    number: int
    field: str
    why: str


class ImportedRow(NamedTuple):
    """One row as an entity, None where it is bad."""

    number: int
    entity: Entity | None
    bad: BadRow | None = None

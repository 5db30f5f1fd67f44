"""The two passes: check everything, then write in batches and note how far it came."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from samstad_node.importing.rows import BadRow, Entity, ImportedRow
from samstad_node.sending import NodeApi

__all__ = ["Checked", "Progress", "check_rows", "digest_of", "write_entities"]

BATCH = 500


class Checked(msgspec.Struct):
    """What the first pass found; ``numbers`` are the row numbers of ``entities``."""

    entities: list[Entity]
    numbers: list[int]
    bad: list[BadRow]


class Progress(msgspec.Struct):
    """How far the second pass came: kept beside the file, so that it goes on where it broke off."""

    digest: str
    done: int = 0
    refused: list[BadRow] = []

    @classmethod
    def read(cls, path: Path, *, digest: str) -> Progress:
        """Return what is noted for the same content and target, else a fresh start."""
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return cls(digest)
        return found if found.digest == digest else cls(digest)

    def write(self, path: Path) -> None:
        """Replace the note in one step."""
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(msgspec.json.encode(self))
        os.replace(fresh, path)  # noqa: PTH105  # atomic on POSIX, as wanted


def check_rows(rows: Iterable[ImportedRow]) -> Checked:
    """Sort rows into entities and bad rows; an id that comes again is bad."""
    checked = Checked([], [], [])
    seen: dict[str, int] = {}
    for row in rows:
        if row.entity is None:
            checked.bad.append(row.bad or BadRow(row.number, "", "is no entity"))
            continue
        entity_id = str(row.entity.get("id") or row.entity.get("@id"))
        first = seen.setdefault(entity_id, row.number)
        if first != row.number:
            checked.bad.append(BadRow(row.number, "id", f"{entity_id} is in row {first} already"))
            continue
        checked.entities.append(row.entity)
        checked.numbers.append(row.number)
    return checked


def digest_of(*files: Path | None, target: str) -> str:
    """Return what tells this import from another: contents and target."""
    found = hashlib.sha256(target.encode())
    for file in files:
        found.update(b"\0" if file is None else file.read_bytes())
    return found.hexdigest()


def write_entities(
    api: NodeApi, checked: Checked, progress: Progress, *, note: Path, advance: Callable[[int], None]
) -> Sequence[BadRow]:
    """Write what is not written yet and return the rows that the node refused.

    Args:
        api: the node.
        checked: of the first pass.
        progress: where to go on; it is noted after each batch.
        note: file of the progress, removed at the end.
        advance: told how many rows were done.

    Raises:
        NotReachable: try again later; what was written is noted.
        Refused: the node does not take batches from this caller.
    """
    numbers = {
        str(one.get("id") or one.get("@id")): n
        for one, n in zip(checked.entities, checked.numbers, strict=True)
    }
    while progress.done < len(checked.entities):
        batch = checked.entities[progress.done : progress.done + BATCH]
        for entity_id, why in api.upsert(batch):
            progress.refused.append(BadRow(numbers.get(entity_id, 0), entity_id, why))
        progress.done += len(batch)
        progress.write(note)
        advance(len(batch))
    note.unlink(missing_ok=True)
    return progress.refused

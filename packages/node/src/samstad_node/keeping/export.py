"""Leaving: everything that a node keeps in open formats (invariant I10), from one position of its log.

The node may serve meanwhile: what is written out is read from a backup that is taken away again.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import orjson

from samstad_broker.domain.state.shard import State
from samstad_broker.service.checkpointing import recover
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite import SqliteStore
from samstad_broker.store.sqlite.sealing import seal_stretch
from samstad_ngsild.context import CORE
from samstad_ngsild.entities.represent import Representation, renderer
from samstad_node.keeping.backup import back_up
from samstad_node.keeping.note import CopyRefused, Note, file_note, write_note
from samstad_node.keeping.places import BROKER, databases
from samstad_node.keeping.tables import write_tables

__all__ = ["export_node"]

_ENTITIES_PER_FILE = 10_000
_LONGEST_NAME = 200
_READABLE = Representation(sys_attrs=True)

README = """\
samstad export of the node {node}, up to row {position} of its log ({made}).

entities/<tenant>/<number>.json   arrays of NGSI-LD entities, normalized, names short by the core @context:
                                  samstad import FILE --context {core} [--tenant T]
entities/<tenant>/snapshot-<id>/  the same of a snapshot; its id is percent-encoded
documents/<tenant>/<kind>.json    subscriptions, registrations and hosted @contexts, by their ids
history/month=<m>/*.parquet       every change, one row for each attribute instance; the columns are described
                                  in docs/reference/history-files.md of samstad
tables/<database>/<table>.ndjson  the node's other databases, a JSON object for each row; bytes are base64
settings.json                     the node's settings; secrets are left out
node.json                         every file with its size and SHA-256

The default tenant is called default here. Receivers' secrets of subscriptions and hashes of keys are in it:
keep it as the node itself.
"""


def export_node(data: Path, target: Path, note: Note, *, settings: object) -> tuple[Note, dict[str, int]]:
    """Write everything out and return the note of the export, and how much of what there is.

    Args:
        data: of the node.
        target: a directory that does not exist or is empty.
        note: with node, release and time; the rest is filled in.
        settings: to be shown, without secrets.

    Raises:
        CopyRefused: as a backup; nothing is left of the target then.
    """
    backup = target.with_name(target.name + ".backup")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CopyRefused(f"{target} is not empty", todo="name a new directory")
    try:
        shutil.rmtree(backup, ignore_errors=True)  # left by an export that was killed
        copied = back_up(data, backup, node=note.node, release=note.release, made=note.made)
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        counts = asyncio.run(_written(backup, target))
        counts["rows of tables"] = sum(write_tables(path, target / "tables") for path in databases(backup))
        _write_rest(target, copied, settings)
        return _noted(target, copied), counts
    except (OSError, StoreError) as error:
        shutil.rmtree(target, ignore_errors=True)
        todo = "see that there is room for twice the node's data, then try again"
        raise CopyRefused(f"the export could not be made: {error}", todo=todo) from error
    finally:
        shutil.rmtree(backup, ignore_errors=True)


async def _written(backup: Path, target: Path) -> dict[str, int]:
    store = SqliteStore(backup / BROKER)
    await store.open()
    try:
        state = (await recover(store)).state
        counts = _write_state(state, target)
        sealed = backup / BROKER / "history"
        if sealed.is_dir():
            shutil.copytree(sealed, target / "history", dirs_exist_ok=True)
        for stretch in store.log.stretches:
            last = stretch.last or store.log.head.number
            if last >= stretch.first:
                await seal_stretch(stretch._replace(last=last), target / "history")
        return counts
    finally:
        await store.close()


def _write_state(state: State, target: Path) -> dict[str, int]:
    counts = {"entities": 0, "documents": 0}
    for (tenant, snapshot), dataset in state.datasets():
        place = target / "entities" / _name(tenant) / (_snapshot_name(snapshot) if snapshot else "")
        render = renderer(CORE, _READABLE)
        entities = (render(record.parsed()) for record in dataset.records)
        counts["entities"] += _write_arrays(place, entities)
    documents: dict[Path, dict[str, object]] = {}
    for tenant, collection, document_id, content in state.documents():
        path = target / "documents" / _name(tenant) / f"{collection}.json"
        documents.setdefault(path, {})[document_id] = content
    for path, found in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_pretty(found))
        counts["documents"] += len(found)
    return counts


def _name(tenant: str) -> str:
    return tenant or "default"


def _snapshot_name(snapshot_id: str) -> str:
    """Return the name of a snapshot's directory: its id is any URI that somebody chose, and no path."""
    name = "snapshot-" + quote(snapshot_id, safe="")
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(snapshot_id.encode()).hexdigest()
        name = f"{name[: _LONGEST_NAME - len(digest) - 1]}-{digest}"
    return name


def _write_arrays(place: Path, entities: Iterator[object]) -> int:
    total = 0
    for number, part in enumerate(_parts(entities), start=1):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:05d}.json").write_bytes(b"[" + b",\n".join(map(orjson.dumps, part)) + b"]\n")
        total += len(part)
    return total


def _parts(entities: Iterator[object]) -> Iterator[list[object]]:
    part: list[object] = []
    for entity in entities:
        part.append(entity)
        if len(part) == _ENTITIES_PER_FILE:
            yield part
            part = []
    if part:
        yield part


def _pretty(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def _write_rest(target: Path, note: Note, settings: object) -> None:
    (target / "settings.json").write_bytes(_pretty(settings))
    text = README.format(node=note.node, position=note.position, made=note.made, core=CORE.link)
    (target / "README.txt").write_text(text, encoding="utf-8")


def _noted(target: Path, copied: Note) -> Note:
    paths = sorted(path for path in target.rglob("*") if path.is_file())
    files = [file_note(path, target) for path in paths]
    note = Note(copied.format, "export", copied.release, copied.node, copied.made, copied.position, files)
    write_note(target, note)
    return note

"""``samstad backup`` and ``samstad restore``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from samstad_ngsild.entities.dates import iso
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.clock import SystemClock
from samstad_node.keeping.backup import back_up
from samstad_node.keeping.note import CopyRefused
from samstad_node.keeping.restore import restore_node
from samstad_node.release import release

__all__ = ["backup", "restore"]

MIB = 1024 * 1024


def backup(
    target: Path,
    /,
    *,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> None:
    """Copy everything that a node keeps into a new directory, while it serves or not.

    The copy is of one position of the log. It holds hashes of keys and the receivers' secrets of
    subscriptions: keep it as the node itself.
    """
    loaded = command_settings(settings, {"node.data": data}).settings
    began = time.perf_counter()
    try:
        note = back_up(
            Path(loaded.node.data).absolute(),
            target.absolute(),
            node=loaded.node.name,
            release=release(),
            made=iso(SystemClock().now_us()),
        )
    except CopyRefused as refused:
        raise CommandFailed(refused.detail, exit=Exit.SETTINGS, todo=refused.todo) from refused
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    took_s = time.perf_counter() - began
    found = msgspec.to_builtins(note) | {"bytes": size, "seconds": round(took_s, 3)}
    text = f"{target} holds the node up to row {note.position}: {size / MIB:.1f} MiB in {took_s:.1f} s"
    emit(found, text, json=json)


def restore(
    source: Path,
    /,
    *,
    data: Annotated[str | None, Parameter(help="The new data directory; it must not hold anything.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> None:
    """Bring a backup into a new data directory; start the node there afterwards.

    Every file of the backup is checked first. What was done after the backup, such as the revocation of a
    key, is not in it.
    """
    loaded = command_settings(settings, {"node.data": data}).settings
    where = Path(loaded.node.data).absolute()
    began = time.perf_counter()
    try:
        position = restore_node(source.absolute(), where, now_us=SystemClock().now_us())
    except CopyRefused as refused:
        raise CommandFailed(refused.detail, exit=Exit.SETTINGS, todo=refused.todo) from refused
    took_s = time.perf_counter() - began
    found = {"data": str(where), "position": str(position), "seconds": round(took_s, 3)}
    text = (
        f"{where} is ready in {took_s:.1f} s; its log goes on from {position}.\n"
        f"Start it with samstad serve --data {where}. Revoke again what was revoked since the backup."
    )
    emit(found, text, json=json)

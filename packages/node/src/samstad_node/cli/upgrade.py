"""``samstad upgrade --check``: before another release opens the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.keeping.schemas import Database, Verdict, databases_of, room_needed
from samstad_node.release import release

__all__ = ["upgrade"]

MIB = 1024 * 1024
_BAD = (Verdict.TOO_NEW, Verdict.UNREADABLE)


def upgrade(
    *,
    check: Annotated[
        bool, Parameter(negative="", show_default=False, help="Look, and change nothing.")
    ] = False,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Say whether this release can open a node's data, what it would change, and how to come back.

    A node brings its data to its release's schema when it starts; this looks beforehand. The exit code is 3
    when the data cannot be opened, or a backup would not find room.
    """
    if not check:
        detail = "data are brought to a release's schema when a node of it starts; nothing is done here"
        raise CommandFailed(detail, exit=Exit.USAGE, todo="look beforehand with samstad upgrade --check")
    loaded = command_settings(settings, {"node.data": data}).settings
    where = Path(loaded.node.data).absolute()
    found = databases_of(where) if where.is_dir() else []
    if not found:
        todo = "name the node's directory with --data"
        raise CommandFailed(f"{where} holds no node's data", exit=Exit.SETTINGS, todo=todo)
    needed, free = room_needed(where, found)
    usable = all(database.verdict not in _BAD for database in found)
    shown = {
        "release": release(),
        "usable": usable,
        "databases": msgspec.to_builtins(found),
        "needed_bytes": needed,
        "free_bytes": free,
    }
    emit(shown, _text(found, usable=usable, needed=needed, free=free), json=json)
    return Exit.OK if usable and needed < free else Exit.SETTINGS


def _text(found: list[Database], *, usable: bool, needed: int, free: int) -> str:
    width = max(len(database.path) for database in found)
    lines = [
        f"{database.path:{width}}  schema {database.has} of {database.known}  {database.verdict}"
        for database in found
    ]
    lines.append("")
    if not usable:
        lines.append("This release cannot open these data: use the release that wrote them, or a backup.")
        return "\n".join(lines)
    if needed > free:
        lines.append(f"A backup needs up to {needed / MIB:.0f} MiB, {free / MIB:.0f} MiB are free here.")
    if any(database.verdict is Verdict.WILL_MIGRATE for database in found):
        lines.append("The way back is a backup: make one with samstad backup before the new release starts.")
    else:
        lines.append(f"Release {release()} opens these data as they are, and the way back is open.")
    return "\n".join(lines)

"""``samstad export``: everything that a node keeps, in open formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from samstad_ngsild.entities.dates import iso
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.clock import SystemClock
from samstad_node.keeping.export import export_node
from samstad_node.keeping.note import FORMAT, CopyRefused, Note
from samstad_node.release import release
from samstad_node.settings import LoadedSettings, Secret
from samstad_node.settings.fields import fields

__all__ = ["export"]


def export(
    target: Path,
    /,
    *,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> None:
    """Write everything that a node keeps into a new directory, in open formats.

    The node may serve meanwhile. Entities, subscriptions, registrations and contexts are JSON, the history
    is Parquet; README.txt there says what is what.
    """
    loaded = command_settings(settings, {"node.data": data})
    name = loaded.settings.node.name
    where = Path(loaded.settings.node.data).absolute()
    try:
        note, counts = export_node(
            where,
            target.absolute(),
            Note(FORMAT, "export", release(), name, iso(SystemClock().now_us()), "", []),
            settings=_shown(loaded),
        )
    except CopyRefused as refused:
        raise CommandFailed(refused.detail, exit=Exit.SETTINGS, todo=refused.todo) from refused
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    found = msgspec.to_builtins(note) | {"counts": counts}
    emit(found, f"{target} holds the node up to row {note.position}: {told}; see README.txt there", json=json)


def _shown(loaded: LoadedSettings) -> dict[str, Any]:
    """Return every setting by its key; secrets as they may be shown."""
    values = {field.key: getattr(getattr(loaded.settings, field.section), field.name) for field in fields()}
    return {key: str(value) if isinstance(value, Secret) else value for key, value in values.items()}

"""Where a command takes its settings from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from samstad_node.settings import LoadedSettings, load_settings

__all__ = ["SettingsFile", "command_settings"]

SettingsFile = Annotated[
    Path | None,
    Parameter(
        name="--settings",
        help="The settings file; else the one that SAMSTAD_SETTINGS names, else samstad.toml here, if any.",
    ),
]


def command_settings(file: Path | None, flags: Mapping[str, Any] | None = None) -> LoadedSettings:
    """Read the settings; flags that are None were not given. Raises SettingsRefused."""
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    return load_settings(file=_file(file), environment=os.environ, flags=given)


def _file(named: Path | None) -> Path | None:
    if named is None and (variable := os.environ.get("SAMSTAD_SETTINGS")):
        named = Path(variable)
    if named is not None:
        return named
    here = Path("samstad.toml")
    return here if here.exists() else None

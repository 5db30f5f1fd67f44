"""``samstad version``: which release this is, on what it runs."""

from __future__ import annotations

import platform

from samstad_node.cli.output import Json, emit
from samstad_node.release import release

__all__ = ["version"]


def version(*, json: Json = False) -> None:
    """Print the version of samstad and of what it runs on."""
    found = {"samstad": release(), "python": platform.python_version(), "system": platform.platform()}
    emit(found, "\n".join(f"{name} {value}" for name, value in found.items()), json=json)

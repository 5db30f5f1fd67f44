"""``samstad version``: which release this is, on what it runs."""

from __future__ import annotations

import importlib.metadata
import platform

from samstad_node.cli.output import Json, emit

__all__ = ["release", "version"]


def release() -> str:
    """Return the version of the node's distribution."""
    return importlib.metadata.version("samstad-node")


def version(*, json: Json = False) -> None:
    """Print the version of samstad and of what it runs on."""
    found = {"samstad": release(), "python": platform.python_version(), "system": platform.platform()}
    emit(found, "\n".join(f"{name} {value}" for name, value in found.items()), json=json)

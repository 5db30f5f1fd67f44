"""Which release this is."""

from __future__ import annotations

import importlib.metadata

__all__ = ["release"]


def release() -> str:
    """Return the version of the node's distribution."""
    return importlib.metadata.version("samstad-node")

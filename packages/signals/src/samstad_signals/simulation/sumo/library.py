"""libsumo, if it is installed: the only place that imports it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["SumoMissing", "load_libsumo"]


class SumoMissing(RuntimeError):
    """libsumo is not installed."""


def load_libsumo() -> Any:
    """Return the module; one process holds one simulation at a time."""
    try:
        return import_module("libsumo")
    except ImportError as error:
        raise SumoMissing(f"libsumo cannot be used ({error}): install samstad-signals[sumo]") from None

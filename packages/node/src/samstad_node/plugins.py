"""Which services are installed beside the node: found by entry points, without importing the services.

One that cannot be used is left out and told of, and stops nobody: an upgrade of one service that went wrong
must not keep the node, and so the street, from starting again (I1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import NamedTuple

from samstad_plugin import GROUP, Plugin

__all__ = ["RESERVED", "Found", "broken", "installed", "read_plugins"]

RESERVED = frozenset({"access", "admin", "broker", "idle", "node", "static"})
"""Names that the node has taken, as roles, sections or paths."""


class Found(NamedTuple):
    """What there is.

    Attributes:
        plugins: the services by name, in alphabetical order.
        broken: of each that cannot be used its name, and a sentence that says why and what it is.
    """

    plugins: Mapping[str, Plugin]
    broken: Mapping[str, str]


class _Unusable(Exception):
    """What is installed as a service is none; the sentence names what it is."""


@cache
def _found() -> Found:
    return read_plugins(entry_points(group=GROUP))


def installed() -> Mapping[str, Plugin]:
    """Return the services of this environment by name, in alphabetical order."""
    return _found().plugins


def broken() -> Mapping[str, str]:
    """Return what is installed as a service and cannot be used, by name with the reason."""
    return _found().broken


def read_plugins(entries: Iterable[EntryPoint]) -> Found:
    """Return what is behind entry points; of two services with one name neither can be used."""
    plugins: dict[str, Plugin] = {}
    unusable: dict[str, str] = {}
    for point in sorted(entries, key=lambda one: one.name):
        try:
            plugin = _read(point)
        except _Unusable as error:
            unusable[point.name] = str(error)
            continue
        if plugin.name in plugins or plugin.name in unusable:
            plugins.pop(plugin.name, None)
            unusable[plugin.name] = (
                f"Two services are called {plugin.name}: take one of the distributions away."
            )
        else:
            plugins[plugin.name] = plugin
    return Found(MappingProxyType(plugins), MappingProxyType(unusable))


def _read(point: EntryPoint) -> Plugin:
    try:
        plugin = point.load()
    except Exception as error:
        raise _Unusable(f"{point.value} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        raise _Unusable(f"{point.value} is no Plugin: its entry point in {GROUP} is wrong.")
    if plugin.name in RESERVED or plugin.name != point.name:
        raise _Unusable(f"{point.value} cannot be called {point.name}: choose its own name, not the node's.")
    return plugin

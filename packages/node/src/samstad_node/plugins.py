"""Which services are installed beside the node: found by entry points, without importing the services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from samstad_plugin import GROUP, Plugin

__all__ = ["RESERVED", "PluginRefused", "installed", "read_plugins"]

RESERVED = frozenset({"access", "admin", "broker", "idle", "node", "static"})
"""Names that the node has taken, as roles, sections or paths."""


class PluginRefused(Exception):
    """What is installed as a service is none; the sentence names the distribution."""


@cache
def installed() -> Mapping[str, Plugin]:
    """Return the services of this environment by name, in alphabetical order.

    Raises:
        PluginRefused: one of them is not what a plugin must be, or two have one name.
    """
    return read_plugins(entry_points(group=GROUP))


def read_plugins(found: Iterable[EntryPoint]) -> Mapping[str, Plugin]:
    """Return the services behind entry points; raises as ``installed`` does."""
    plugins: dict[str, Plugin] = {}
    for point in sorted(found, key=lambda one: one.name):
        plugin = _read(point)
        if plugin.name in plugins:
            raise PluginRefused(f"Two services are called {plugin.name}: take one of the distributions away.")
        plugins[plugin.name] = plugin
    return MappingProxyType(plugins)


def _read(point: EntryPoint) -> Plugin:
    try:
        plugin = point.load()
    except Exception as error:
        raise PluginRefused(f"{point.value} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        raise PluginRefused(f"{point.value} is no Plugin: its entry point in {GROUP} is wrong.")
    if plugin.name in RESERVED or plugin.name != point.name:
        raise PluginRefused(
            f"{point.value} cannot be called {point.name}: choose its own name, not the node's."
        )
    return plugin

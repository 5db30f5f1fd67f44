"""The table of commands. A new command is one file in this package and one row here.

Targets are loaded only when their command runs, so that ``samstad version`` does not pay for a broker.
"""

from __future__ import annotations

from typing import NamedTuple

from samstad_node.plugins import installed

__all__ = ["COMMANDS", "GROUPS", "Command", "all_commands", "all_groups"]


class Command(NamedTuple):
    """One row: what is typed, the function behind it (``module:function``), its docstring's first line."""

    words: tuple[str, ...]
    target: str
    text: str


COMMANDS: tuple[Command, ...] = (
    Command(("serve",), "samstad_node.cli.serve:serve", "Run a node until SIGTERM or Ctrl-C."),
    Command(
        ("demo",),
        "samstad_node.cli.demo:demo",
        "Start a node with live data and say where to look; Ctrl-C ends it.",
    ),
    Command(
        ("import",),
        "samstad_node.cli.import_:import_file",
        "Read a GeoPackage, GeoJSON, CSV or NGSI-LD file into a node.",
    ),
    Command(
        ("backup",),
        "samstad_node.cli.backup:backup",
        "Copy everything that a node keeps into a new directory, while it serves or not.",
    ),
    Command(
        ("restore",),
        "samstad_node.cli.backup:restore",
        "Bring a backup into a new data directory; start the node there afterwards.",
    ),
    Command(
        ("export",),
        "samstad_node.cli.export:export",
        "Write everything that a node keeps into a new directory, in open formats.",
    ),
    Command(
        ("upgrade",),
        "samstad_node.cli.upgrade:upgrade",
        "Say whether this release can open a node's data, what it would change, and how to come back.",
    ),
    Command(
        ("doctor",),
        "samstad_node.cli.doctor:doctor",
        "Look at a node on this machine and say what is wrong and what to do.",
    ),
    Command(
        ("keys", "create"),
        "samstad_node.cli.keys:create",
        "Give a principal a key, and make the principal where there is none and a role is given.",
    ),
    Command(("keys", "list"), "samstad_node.cli.keys:list_keys", "Print the keys, without their secrets."),
    Command(
        ("keys", "rotate"),
        "samstad_node.cli.keys:rotate",
        "Give a key a successor with the same rights; the old one ends after a while.",
    ),
    Command(("keys", "revoke"), "samstad_node.cli.keys:revoke", "End a key at once."),
    Command(
        ("audit", "check"),
        "samstad_node.cli.audit:check",
        "Prove that no audit entry was changed, removed, added or moved.",
    ),
    Command(
        ("audit", "list"),
        "samstad_node.cli.audit:list_entries",
        "Print who did what, when and why, oldest first.",
    ),
    Command(
        ("peer", "invite"),
        "samstad_node.cli.peers:invite",
        "Let another node ask this one, and print what its administrator needs to join: a secret.",
    ),
    Command(
        ("peer", "join"),
        "samstad_node.cli.peers:join",
        "Ask another node from now on, by its invitation: what it shares is in this node's answers.",
    ),
    Command(
        ("peer", "list"),
        "samstad_node.cli.peers:list_peers",
        "Print the nodes that this one asks, and those that may ask it.",
    ),
    Command(
        ("peer", "leave"),
        "samstad_node.cli.peers:leave",
        "Ask another node no more, and let it ask no more: at once, whether it answers or not.",
    ),
    Command(
        ("settings", "show"),
        "samstad_node.cli.settings:show",
        "Print every setting with its value, where the value came from, and what may be set.",
    ),
    Command(
        ("settings", "check"),
        "samstad_node.cli.settings:check",
        "Check the settings; exit code 0 when they can be used, 3 and every problem when they cannot.",
    ),
    Command(
        ("version",),
        "samstad_node.cli.version:version",
        "Print the version of samstad and of what it runs on.",
    ),
)

GROUPS = {
    "audit": "Read who did what, and prove that the account of it is whole.",
    "keys": "Give out, list, change and end keys, of a node that runs or not.",
    "peer": "Let nodes ask each other, see who does, and part.",
    "settings": "See and check the settings.",
}
"""The sentence of each first word that has commands under it."""


def all_commands() -> tuple[Command, ...]:
    """Return the node's commands and those of the services that are installed."""
    return COMMANDS + tuple(
        Command((plugin.name, command.name), command.target, command.text)
        for plugin in installed().values()
        for command in plugin.commands
    )


def all_groups() -> dict[str, str]:
    """Return the sentence of each first word that has commands under it, services included."""
    return GROUPS | {plugin.name: plugin.text for plugin in installed().values() if plugin.commands}

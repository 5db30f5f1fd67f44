"""The table of roles: what ``samstad serve --roles`` can start, each in a process of its own."""

from __future__ import annotations

from samstad_node.plugins import installed
from samstad_node.supervisor.role import Role

__all__ = ["ROLES"]

_OWN: dict[str, Role] = {
    "broker": Role("samstad_node.broker_role.run:run", "keeps and answers for the node's entities"),
    "idle": Role(
        "samstad_node.supervisor.idle:run", "does nothing but live, to try the supervisor", named_only=True
    ),
}

ROLES: dict[str, Role] = {
    **_OWN,
    **{name: Role("samstad_node.service_role.run:run", plugin.text) for name, plugin in installed().items()},
}
"""The broker, and every service that is installed."""

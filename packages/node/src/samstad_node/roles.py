"""The table of roles: what ``samstad serve --roles`` can start, each in a process of its own."""

from __future__ import annotations

from samstad_node.supervisor.role import Role

__all__ = ["ROLES"]

ROLES: dict[str, Role] = {
    "broker": Role("samstad_node.broker_role.run:run", "keeps and answers for the node's entities"),
    "idle": Role(
        "samstad_node.supervisor.idle:run", "does nothing but live, to try the supervisor", named_only=True
    ),
}

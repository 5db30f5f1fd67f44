"""A role that does nothing but live: to try the supervisor on a machine, and in its tests."""

from __future__ import annotations

from samstad_node.supervisor.role import RoleContext

__all__ = ["run"]


async def run(context: RoleContext) -> None:
    """Be ready at once and wait for the end."""
    context.ready({})
    await context.stop.wait()

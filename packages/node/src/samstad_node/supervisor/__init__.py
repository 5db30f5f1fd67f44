"""One process per role: a crash, hang or leak in one leaves the others alone (invariant I1).

``Supervisor`` starts the roles, restarts them with backoff, and ends them all; ``role_main`` is the other
end, inside each role's process; ``run_single`` runs the same roles in one process.
"""

from __future__ import annotations

from samstad_node.supervisor.child import role_main
from samstad_node.supervisor.directory import DataDirectory, DataDirectoryInUse
from samstad_node.supervisor.interpreter import tune_interpreter
from samstad_node.supervisor.parent import Node, Supervisor
from samstad_node.supervisor.ports import PortTaken, demand_free_port
from samstad_node.supervisor.role import Role, RoleContext, RoleMain, RoleRefused
from samstad_node.supervisor.runfile import RoleState, RunFile, RunningRole
from samstad_node.supervisor.single import run_single

__all__ = [
    "DataDirectory",
    "DataDirectoryInUse",
    "Node",
    "PortTaken",
    "Role",
    "RoleContext",
    "RoleMain",
    "RoleRefused",
    "RoleState",
    "RunFile",
    "RunningRole",
    "Supervisor",
    "demand_free_port",
    "role_main",
    "run_single",
    "tune_interpreter",
]

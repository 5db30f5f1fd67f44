"""``python -m samstad_node.role NAME FD FD``: one role's process, started by the supervisor alone."""

from __future__ import annotations

import sys

import samstad_node.late_imports  # noqa: F401 - first: it settles when the others' libraries are loaded
from samstad_node.roles import ROLES
from samstad_node.supervisor.child import role_main

if __name__ == "__main__":
    sys.exit(role_main(sys.argv[1:], ROLES))

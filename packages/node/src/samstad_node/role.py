"""``python -m samstad_node.role NAME FD FD``: one role's process, started by the supervisor alone."""

from __future__ import annotations

import sys

from samstad_node.roles import ROLES
from samstad_node.supervisor.child import role_main

if __name__ == "__main__":
    sys.exit(role_main(sys.argv[1:], ROLES))

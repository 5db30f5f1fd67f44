"""A role is ready before it has loaded what it may never need."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("aiohttp.client", "aiomqtt.client", "cyclopts", "duckdb", "numpy", "pyproj", "rich", "shapely")
SCRIPT = """
import json, sys
import samstad_node.role
import samstad_node.broker_role.run
before = [name for name in sys.argv[1:] if name in sys.modules]
import aiohttp, aiomqtt
from aiohttp import ClientError
members = [aiohttp.ClientError is ClientError, aiomqtt.ProtocolVersion["V5"].name]
import aiohttp.web
after = [name for name in ("aiohttp.client", "aiomqtt.client") if name in sys.modules]
print(json.dumps([before, members, after, aiohttp.web.__name__, sys.modules["aiohttp"].__file__ is not None]))
"""


def test_the_broker_loads_clients_and_geometry_when_it_uses_them():
    ran = subprocess.run(  # noqa: S603  a fixed script
        [sys.executable, "-c", SCRIPT, *HEAVY], capture_output=True, text=True, check=True, timeout=60
    )
    before, members, after, web, is_real = json.loads(ran.stdout)
    assert before == []
    assert members == [True, "V5"]
    assert after == ["aiohttp.client", "aiomqtt.client"]
    assert (web, is_real) == ("aiohttp.web", True)

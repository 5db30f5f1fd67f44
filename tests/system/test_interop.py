"""An independent NGSI-LD client library works against the node."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ROOT / ".venv-interop" / "bin" / "python"


@pytest.mark.system
@pytest.mark.skipif(not FOREIGN.exists(), reason="make interop installs ngsildclient; it is not there")
async def test_ngsildclient_creates_reads_queries_and_deletes(node):
    process = await asyncio.create_subprocess_exec(
        FOREIGN,
        Path(__file__).with_name("foreign_client.py"),
        node.url.rpartition(":")[2],
        node.key,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()[-2000:]
    assert json.loads(out.splitlines()[-1]) == {
        "created": True,
        "read": 0.4,
        "fuller": ["urn:ngsi-ld:Bin:1"],
        "fullest": [],
        "left": False,
    }

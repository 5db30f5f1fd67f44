"""Where an export puts what clients have named as they liked."""

from __future__ import annotations

import pytest

from samstad_broker.domain.state.shard import State
from samstad_node.keeping.export import _write_state


@pytest.mark.parametrize(
    "snapshot_id",
    ["http://x/../../../../../escaped", "urn:../../up", "urn:ngsi-ld:Snapshot:monday", "urn:" + "å" * 500],
)
def test_a_snapshot_is_written_below_the_export_whatever_its_id(tmp_path, snapshot_id):
    state = State()
    for snapshot in ("", snapshot_id):
        state.dataset("", snapshot).add({"id": "urn:x:1", "type": ["T"]}, state.sequence)
        state.sequence += 1
    state.begin_tenant("")
    target = tmp_path / "deep" / "export"
    counts = _write_state(state, target)
    assert counts["entities"] == 2
    files = sorted(path.relative_to(target).parts for path in tmp_path.rglob("*.json"))
    assert {parts[:2] for parts in files} == {("entities", "default")}
    assert sorted(map(len, files)) == [3, 4]
    assert all(path.is_relative_to(target) for path in tmp_path.rglob("*.json"))

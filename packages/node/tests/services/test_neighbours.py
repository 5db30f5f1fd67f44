"""How the roles of a node find each other again, and the secrets that they leave for each other."""

from __future__ import annotations

import pytest

from samstad_node.neighbours import Neighbours, SecretFile
from samstad_node.supervisor.runfile import RoleState, RunFile, RunningRole


def run_file(**roles: RunningRole) -> RunFile:
    return RunFile(pid=1, started="2026-11-25T12:00:00Z", version="1", data="d", single=False, roles=roles)


def lamps(port: int, state: RoleState = RoleState.READY) -> RunningRole:
    return RunningRole(state=state, ports={"gate": port}, last_end="exit code 1")


def test_a_role_is_found_where_it_listens_now_and_not_where_it_did(tmp_path):
    neighbours = Neighbours(tmp_path)
    assert neighbours.port("lamps", "gate") is None
    run_file(lamps=lamps(4001)).write(tmp_path)
    assert neighbours.port("lamps", "gate") == 4001
    run_file(lamps=lamps(4002)).write(tmp_path)
    assert neighbours.port("lamps", "gate") == 4002
    run_file(lamps=lamps(4002, RoleState.WAITING)).write(tmp_path)
    assert neighbours.port("lamps", "gate") is None
    assert neighbours.told("lamps") == "waiting; it ended: exit code 1"
    RunFile.remove(tmp_path)
    assert neighbours.port("lamps", "gate") is None


@pytest.mark.parametrize(
    ("address", "port", "own"),
    [("127.0.0.1", 4001, True), ("::1", 4001, True), ("127.0.0.1", 22, False), ("10.0.0.1", 4001, False)],
)
def test_notifications_may_go_to_the_nodes_own_services_and_no_other_port_of_the_machine(
    tmp_path, address, port, own
):
    run_file(lamps=lamps(4001)).write(tmp_path)
    assert Neighbours(tmp_path).is_own(address, port) is own


def test_a_secret_is_for_the_nodes_user_alone_and_is_read_again_when_it_changes(tmp_path):
    file = SecretFile(tmp_path / "roles" / "lamps.key")
    assert file.read() == ""
    made = file.ensure()
    assert len(made) >= 43
    assert file.ensure() == made
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    other = SecretFile(file.path)
    assert other.read() == made
    file.write("new")
    assert other.read() == "new"
    file.path.unlink()
    assert other.read() == ""

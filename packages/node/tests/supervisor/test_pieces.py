"""Backoff, ports, the data directory and what goes through the pipes."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_node.settings.sections import RolesSettings
from samstad_node.settings.table import settings_type
from samstad_node.supervisor import DataDirectory, DataDirectoryInUse, PortTaken, demand_free_port
from samstad_node.supervisor.backoff import Backoff
from samstad_node.supervisor.channel import Beat, Ready, Refused, Start, decode_report, decode_start, encode


def backoff(jitter: float = 1.0) -> Backoff:
    return Backoff(first_s=0.5, most_s=30.0, stable_after_s=60.0, jitter=lambda: jitter)


def test_waits_double_up_to_a_bound_and_fall_back_after_a_stable_run():
    waits = backoff()
    assert [waits.wait_s(ran_s=0.1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert waits.wait_s(ran_s=60.0) == 0.5
    assert waits.wait_s(ran_s=59.9) == 1.0


@given(st.lists(st.floats(0, 120), max_size=200), st.floats(0, 1))
def test_a_wait_is_never_nothing_and_never_over_the_bound(runs, jitter):
    waits = backoff(jitter)
    assert all(0.25 <= waits.wait_s(ran_s=ran_s) <= 30.0 for ran_s in runs)


def test_a_taken_port_is_named_and_a_free_one_is_left_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} \(http.port\).*another program listens"):
            demand_free_port(key="http.port", host="127.0.0.1", port=port)
    demand_free_port(key="http.port", host="127.0.0.1", port=port)
    socket.create_server(("127.0.0.1", port)).close()
    demand_free_port(key="http.port", host="127.0.0.1", port=0)


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(PortTaken, match="this machine does not have the address"):
        demand_free_port(key="http.port", host="192.0.2.1", port=8080)


def test_a_data_directory_is_used_by_one_node_at_a_time(tmp_path):
    where = tmp_path / "new" / "data"
    refusal = pytest.raises(DataDirectoryInUse, match="in use by process")
    with DataDirectory(where), refusal, DataDirectory(where):
        pass
    with DataDirectory(where) as path:
        assert path.is_dir()


def test_messages_survive_the_pipe_with_settings_whole():
    settings = settings_type()(roles=RolesSettings(run=("a", "b")))
    told = decode_start(encode(Start("a", "/data", settings)))
    assert (told.role, told.data, told.settings) == ("a", "/data", settings)
    for report in (Beat(), Ready({"http": 1}), Refused("no", "do", 3)):
        assert decode_report(encode(report)) == report
    with pytest.raises(ValueError, match="JSON"):
        decode_report(b"{nonsense\n")

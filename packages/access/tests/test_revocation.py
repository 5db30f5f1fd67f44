"""What one process revokes, another one refuses within a second."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.role import Binding
from samstad_access.errors import Unauthenticated
from samstad_access.service.access import Access, Surroundings
from samstad_access.service.act import Act
from samstad_access.settings import AccessSettings
from samstad_access.store.sqlite.store import SqliteStore


def _access(path: Path) -> Access:
    return Access(AccessSettings(), Surroundings(store=SqliteStore(path), audit=lambda _: None))


REVOKE = """
import sys, time
from pathlib import Path
from samstad_access import Access, AccessSettings, Act, Surroundings
from samstad_access.store.sqlite.store import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
access = Access(AccessSettings(), Surroundings(store=store, audit=lambda _: None))
print("ready", flush=True)
sys.stdin.readline()
access.keys.revoke(Act(who="local", now_us=1), sys.argv[2])
print(time.monotonic_ns() // 1000, flush=True)
"""


def test_a_revocation_by_another_process_bites_within_a_second(tmp_path):
    path = tmp_path / "access.db"
    access = _access(path)
    act = Act(who="local", now_us=0)
    access.principals.create(
        act, PrincipalRecord(id="app", bindings=(Binding(role="reader", tenants=("",)),))
    )
    key = access.keys.create(act, "app")
    other = access.keys.create(act, "app")
    command = [sys.executable, "-c", REVOKE, str(path), key.record.id]
    process = subprocess.Popen(  # noqa: S603 - our own code
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    headers = {"x-api-key": key.text}

    def now_us() -> int:
        return time.monotonic_ns() // 1000

    caller = access.identify(headers, now_us=now_us())
    assert access.may(caller, "", "read", "urn:T")
    process.stdin.write("now\n")
    process.stdin.flush()
    refused_at = None
    deadline = now_us() + 20_000_000
    while refused_at is None and now_us() < deadline:
        try:
            access.identify(headers, now_us=now_us())
        except Unauthenticated:
            refused_at = now_us()
        time.sleep(0.005)
    assert refused_at is not None
    revoked_at = int(process.communicate(timeout=20)[0])
    assert refused_at - revoked_at < 1_000_000
    assert not access.may(caller, "", "read", "urn:T")
    assert access.identify({"x-api-key": other.text}, now_us=now_us()).id == "app"


def test_two_stores_of_one_file_see_each_other_at_the_poll(tmp_path):
    here, there = _access(tmp_path / "access.db"), _access(tmp_path / "access.db")
    act = Act(who="local", now_us=0)
    here.principals.create(act, PrincipalRecord(id="app", bindings=(Binding(role="reader", tenants=("",)),)))
    key = here.keys.create(act, "app")
    headers = {"x-api-key": key.text}
    caller = there.identify(headers, now_us=0)
    here.principals.change(act, "app", disabled=True)
    with pytest.raises(Unauthenticated):
        here.identify(headers, now_us=0)
    assert there.identify(headers, now_us=499_999) is caller
    with pytest.raises(Unauthenticated):
        there.identify(headers, now_us=500_000)
    assert not there.may(caller, "", "read", "urn:T")


def test_own_use_of_the_store_does_not_hide_another_s_change(tmp_path):
    here, there = _access(tmp_path / "access.db"), _access(tmp_path / "access.db")
    act = Act(who="local", now_us=0)
    for name in ("a", "b"):
        here.principals.create(
            act, PrincipalRecord(id=name, bindings=(Binding(role="reader", tenants=("",)),))
        )
    keys = {name: here.keys.create(act, name) for name in ("a", "b")}
    caller = there.identify({"x-api-key": keys["a"].text}, now_us=0)
    here.keys.revoke(act, keys["a"].record.id)
    there.keys.revoke(act, keys["b"].record.id)
    assert not there.may(caller, "", "read", "urn:T")

"""What every AccessStore promises."""

import stat

import msgspec
import pytest

from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.role import Binding
from samstad_access.domain.session import CodeRecord
from samstad_access.errors import Conflict, StoreFailure, StoreTooNew
from samstad_access.spi.store import EVERYTHING, AccessStore, Change
from samstad_access.store.sqlite.store import SqliteStore


def principal(record_id: str, **members) -> PrincipalRecord:
    return PrincipalRecord(id=record_id, **members)


def key(name: str, owner: str = "p", **members) -> KeyRecord:
    return KeyRecord(id=name, principal=owner, digest=b"\x00\xff" * 16, **members)


def test_a_record_reads_back_as_it_was_written(store):
    assert isinstance(store, AccessStore)
    bound = principal("p", name="Åsa", bindings=(Binding(role="reader", tenants=("",)),), created_us=7)
    store.put(bound, replacing=None)
    store.put(key("k"), replacing=None)
    assert store.find(PrincipalRecord, "p") == bound
    assert store.find(KeyRecord, "k") == key("k")
    assert store.find(KeyRecord, "p") is None


def test_two_writers_cannot_undo_each_other(store):
    old = principal("p")
    store.put(old, replacing=None)
    with pytest.raises(Conflict):
        store.put(old, replacing=None)
    disabled = msgspec.structs.replace(old, disabled_us=1)
    store.put(disabled, replacing=old)
    with pytest.raises(Conflict):
        store.put(msgspec.structs.replace(old, name="new"), replacing=old)
    with pytest.raises(Conflict):
        store.put(principal("q"), replacing=principal("q"))
    assert store.find(PrincipalRecord, "p") == disabled


def test_lists_go_by_id_and_owner_page_by_page(store):
    for name, owner in (("b", "x"), ("a", "y"), ("c", "x")):
        store.put(key(name, owner), replacing=None)
    store.put(principal("x"), replacing=None)
    assert [found.id for found in store.list_records(KeyRecord)] == ["a", "b", "c"]
    assert [found.id for found in store.list_records(KeyRecord, owner="x")] == ["b", "c"]
    assert [found.id for found in store.list_records(KeyRecord, after="a", limit=1)] == ["b"]
    assert store.list_records(KeyRecord, owner="nobody") == []


def test_a_code_is_taken_once(store):
    code = CodeRecord(id="c", principal="p", digest=b"d", created_us=0, expires_us=9)
    store.put(code, replacing=None)
    assert store.take(CodeRecord, "c") == code
    assert store.take(CodeRecord, "c") is None


def test_what_expired_is_purged_and_nothing_else(store):
    store.put(key("old", expires_us=10), replacing=None)
    store.put(key("later", expires_us=11), replacing=None)
    store.put(key("ever"), replacing=None)
    assert store.purge(now_us=10) == 1
    assert [found.id for found in store.list_records(KeyRecord)] == ["ever", "later"]


def test_use_is_noted_without_being_a_change(store):
    store.put(key("k"), replacing=None)
    number, _ = store.changes_since(0)
    assert store.last_used_us(KeyRecord, "k") is None
    store.note_used(KeyRecord, {"k": 5, "gone": 5})
    assert store.last_used_us(KeyRecord, "k") == 5
    assert store.last_used_us(KeyRecord, "gone") is None
    assert store.changes_since(number) == (number, [])


def test_changes_are_told_in_order(store):
    start, changes = store.changes_since(0)
    assert (start, changes) == (0, [])
    store.put(key("k"), replacing=None)
    store.put(principal("p"), replacing=None)
    store.take(KeyRecord, "k")
    number, changes = store.changes_since(start)
    assert changes == [Change("key", "k"), Change("principal", "p"), Change("key", "k")]
    assert store.changes_since(number) == (number, [])


def test_a_failed_write_is_no_change(store):
    store.put(key("k"), replacing=None)
    number, _ = store.changes_since(0)
    with pytest.raises(Conflict):
        store.put(key("k"), replacing=None)
    assert store.changes_since(number) == (number, [])


def test_more_changes_than_are_remembered_are_told_as_everything(store):
    number, _ = store.changes_since(0)
    old = principal("p")
    store.put(old, replacing=None)
    if isinstance(store, SqliteStore):
        store._connection.execute("UPDATE change SET number = number + 20000")
        store._changed("principal", "p")
        store.purge(now_us=0)
    else:
        for turn in range(2500):
            new = msgspec.structs.replace(old, name=str(turn))
            store.put(new, replacing=old)
            old = new
    newest, changes = store.changes_since(number)
    assert changes == [EVERYTHING]
    assert newest > 2000


def test_the_file_is_for_its_owner_alone_and_keeps_no_secret(tmp_path):
    store = SqliteStore(tmp_path / "access.db")
    store.put(key("k"), replacing=None)
    assert stat.S_IMODE((tmp_path / "access.db").stat().st_mode) == 0o600
    store.close()
    again = SqliteStore(tmp_path / "access.db")
    assert again.find(KeyRecord, "k") == key("k")
    assert again.changes_since(0)[0] == 1
    again.close()


def test_a_newer_release_s_file_is_refused(tmp_path):
    store = SqliteStore(tmp_path / "access.db")
    store._connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreTooNew, match="99"):
        SqliteStore(tmp_path / "access.db")


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "access.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreFailure, match=r"access\.db"):
        SqliteStore(tmp_path / "access.db")
    with pytest.raises(StoreFailure):
        SqliteStore(tmp_path / "missing" / "access.db")

from __future__ import annotations

import apsw
import pytest

from samstad_models.alerts import AlertState
from samstad_signals.domain.alarms import AlarmSeen
from samstad_signals.domain.controller import Told
from samstad_signals.domain.lease import Lease, LeaseRefused
from samstad_signals.mapping import Place
from samstad_signals.service.fleet import Fleet
from samstad_signals.service.keeper import Keeper
from samstad_signals.service.leases import Leases
from samstad_signals.spi.keeping import Keep, StoreUnavailable
from samstad_signals.store.database import DATABASE, Database, migrations
from samstad_signals.store.journal import Journal
from samstad_signals.store.keeping import SqliteKeeping

S = 1_000_000
SITE = "RN+SI0001"
LAMP = AlarmSeen("SG1", "A0201", 2, 5 * S, active=True, acknowledged=False, suspended=False)
KEY = ("SG1", "A0201")


@pytest.fixture
async def keeping(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    yield SqliteKeeping(database)
    await database.close()


def journal_in(tmp_path, **more):
    return Journal(tmp_path, **{"most_bytes": 1_000_000, **more})


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    journal = journal_in(tmp_path)
    fleet = Fleet("roads", journal=journal.write)
    fleet.put(SITE, None)
    fleet.up(SITE, now_us=S)
    fleet.take_alarm(SITE, LAMP)
    fleet.take_values(SITE, [Told("S0014", "status", "2")], observed_us=6 * S, now_us=6 * S)
    fleet.take_values(SITE, [Told("S0014", "status", "3")], observed_us=3 * S, now_us=7 * S, is_late=True)
    fleet.take_bits(SITE, [False] * 8, observed_us=S)

    again = Fleet("roads")
    again.put(SITE, None)
    for record in journal_in(tmp_path).records():
        again.replay(record)
    assert again.alert(SITE, KEY).active
    assert again.junction(SITE).state.plan == 2
    assert [one["activePlanNumber"][0]["value"] for one in again.take_past()] == [3]
    assert again.junction("RN+SI0001").state.bits == (False,) * 8

    stranger = Fleet("roads")
    for record in journal_in(tmp_path).records():
        stranger.replay(record)
    assert stranger.junctions == {}


def test_what_is_written_elsewhere_leaves_the_journal_and_nothing_else(tmp_path):
    journal = journal_in(tmp_path)
    journal.write(("alarm", "A"))
    files = journal.turn()
    journal.write(("alarm", "B"))
    journal.done(files)
    journal.close()
    assert list(journal_in(tmp_path).records()) == [["alarm", "B"]]
    later = journal_in(tmp_path)
    later.write(("alarm", "C"))
    later.close()
    assert list(journal_in(tmp_path).records()) == [["alarm", "B"], ["alarm", "C"]]


def test_a_line_that_was_cut_off_hides_no_other(tmp_path):
    journal = journal_in(tmp_path)
    journal.write(("alarm", "A"))
    journal.close()
    (file,) = tmp_path.glob("signals-journal-*")
    with file.open("ab") as end:
        end.write(b'["alarm", "B')
    assert list(journal_in(tmp_path).records()) == [["alarm", "A"]]


def test_a_full_journal_says_so_and_the_role_goes_on(tmp_path):
    journal = journal_in(tmp_path, most_bytes=30)
    for number in range(10):
        journal.write(("alarm", number))
    assert "fills the journal" in journal.fault
    assert 0 < len(list(journal_in(tmp_path).records())) < 10
    journal.done(journal.turn())
    journal.write(("alarm", "after"))
    assert journal.fault == ""


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    journal = journal_in(tmp_path / "gone")
    journal.write(("alarm", "A"))
    assert journal.fault
    assert journal.size == 0


async def test_junctions_links_alerts_and_what_is_owed_come_back(keeping):
    fleet = Fleet("roads")
    keeper = Keeper(fleet, keeping)
    await keeper.put(SITE, Place("Storgatan", 16.5, 59.6, "west"))
    fleet.up(SITE, now_us=S)
    fleet.take_alarm(SITE, LAMP)
    fleet.acknowledge(SITE, KEY, by="anna")
    fleet.owe(SITE, KEY, "Acknowledge")
    await keeper.keep()

    again = Fleet("roads")
    await Keeper(again, keeping).load(now_us=9 * S)
    found = again.junction(SITE)
    assert found.place == Place("Storgatan", 16.5, 59.6, "west")
    assert (found.link.up, found.link.reason, found.link.drops_us) == (False, "the service was restarted", ())
    alert = again.alert(SITE, KEY)
    assert isinstance(alert, AlertState)
    assert alert.acknowledged_by == "anna"
    assert found.owed == {KEY: frozenset({"Acknowledge"})}

    await Keeper(again, keeping).drop(SITE)
    empty = Fleet("roads")
    await Keeper(empty, keeping).load(now_us=9 * S)
    assert empty.junctions == {}


async def test_a_lease_outlives_the_role(keeping):
    leases = Leases(keeping)
    await leases.take(Lease(SITE, "anna", "a trial", 100 * S), now_us=S)
    again = Leases(keeping)
    await again.load()
    with pytest.raises(LeaseRefused, match="anna controls RN"):
        await again.take(Lease(SITE, "bo", "another", 90 * S), now_us=S)
    assert again.holder(SITE, now_us=101 * S) is None
    await again.release(SITE, operator="anna", now_us=S)
    empty = Leases(keeping)
    await empty.load()
    assert empty.holder(SITE, now_us=S) is None


async def test_a_database_of_a_newer_release_is_left_alone(tmp_path):
    connection = apsw.Connection(str(tmp_path / DATABASE))
    connection.pragma("user_version", len(migrations()) + 1)
    connection.close()
    database = Database(tmp_path / DATABASE)
    with pytest.raises(StoreUnavailable, match="start the release that wrote it"):
        await database.open()
    await database.close()


async def test_what_cannot_be_written_changes_nothing(keeping):
    await keeping.save([Keep("a", "1", b"x")])
    with pytest.raises(StoreUnavailable):
        await keeping.save([Keep("a", "1", b"y"), Keep("a", "2", "no bytes")])  # the table is strict
    assert await keeping.load("a") == {"1": b"x"}

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_access.domain.audit import (
    GENESIS,
    AuditEntry,
    ChainedEntry,
    Head,
    Outcome,
    audit_entry,
    chain,
    head_of,
    read_entries,
    verify,
)
from samstad_access.domain.secret_text import SecretKind, compose
from samstad_access.errors import BadInput


def entries(number: int) -> list[ChainedEntry]:
    head, found = Head(), []
    for turn in range(number):
        chained = chain(head, audit_entry(who="eva", what="key.revoke", at_us=turn, target=f"k{turn}"))
        found.append(chained)
        head = head_of(chained)
    return found


def test_an_untouched_chain_is_in_order():
    found = verify(entries(5))
    assert found.ok
    assert found.head == head_of(entries(5)[-1])
    assert verify([]).head == Head(0, GENESIS)
    stretch = entries(9)
    assert verify(stretch[4:], start=head_of(stretch[3])).ok


CHANGES = {"who": "adam", "what": "key.create", "at_us": 99, "outcome": Outcome.DENIED, "tenant": "north",
           "target": "other", "reason": "because", "request_id": "r"}  # fmt: skip


@pytest.mark.parametrize("member", AuditEntry.__struct_fields__)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_changed_entry_is_found(member, place):
    found = entries(5)
    forged = msgspec.structs.replace(found[place].entry, **{member: CHANGES[member]})
    found[place] = msgspec.structs.replace(found[place], entry=forged)
    result = verify(found)
    assert not result.ok
    assert result.head.number == place


@pytest.mark.parametrize("place", range(4))
def test_a_removed_entry_is_found(place):
    found = entries(5)
    del found[place]
    assert not verify(found).ok


def test_an_end_cut_off_is_found_by_who_kept_a_checkpoint():
    found = entries(5)
    kept = head_of(found[4])
    assert verify(found, kept=[kept]).ok
    assert verify(found[:4]).ok
    assert "cut off" in verify(found[:4], kept=[kept]).fault


@pytest.mark.parametrize("place", range(6))
def test_an_inserted_entry_is_found(place):
    found = entries(5)
    before = head_of(found[place - 1]) if place else Head()
    found.insert(place, chain(before, audit_entry(who="x", what="y", at_us=0)))
    assert verify(found).ok is (place == 5), "only the end can be appended to"


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 3), (3, 4)])
def test_reordered_entries_are_found(one, other):
    found = entries(5)
    found[one], found[other] = found[other], found[one]
    assert not verify(found).ok


def test_a_chain_written_anew_is_found_by_who_kept_a_checkpoint():
    found = entries(5)
    kept = head_of(found[3])
    head, forged = Head(), []
    for chained in found:
        entry = msgspec.structs.replace(chained.entry, who="adam")
        forged.append(chain(head, entry))
        head = head_of(forged[-1])
    assert verify(forged).ok
    assert "anew" in verify(forged, kept=[kept]).fault


@given(st.lists(st.text(max_size=20).filter(lambda text: text.isprintable()), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_a_chain_survives_json(reasons):
    head, found = Head(), []
    for reason in reasons:
        chained = chain(head, audit_entry(who="å", what="x", at_us=1, reason=reason))
        head = head_of(chained)
        found.append(orjson.dumps(msgspec.to_builtins(chained)))
    assert verify(read_entries([*found, b""])).ok
    with pytest.raises(ValueError, match=f"line {len(found) + 1} "):
        list(read_entries([*found, b"{}"]))


def test_secrets_never_enter_the_trail():
    _, key, _ = compose(SecretKind.KEY, bytes(range(40)))
    _, session, _ = compose(SecretKind.SESSION, bytes(range(40)))
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    code = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY-Z2345"
    entry = audit_entry(who=key, what=f"GET /x?key={session}", at_us=0, reason=f"{token} {code}", target=key)
    text = str(entry)
    for secret in (key, session, token, code):
        assert secret not in text
    assert "***" in text


def test_administrative_acts_are_in_the_trail_and_chained(house):
    key = house.give("app", "reader")
    house.access.keys.revoke(house.act, key.split("_")[1])
    house.access.principals.remove(house.act, "app")
    acts = [chained.entry.what for chained in house.audit]
    assert acts == ["principal.create", "key.create", "key.revoke", "principal.remove"]
    assert verify(house.audit).ok
    assert house.access.trail.head == head_of(house.audit[-1])


def test_what_the_broker_records_joins_the_same_chain(house):
    house.access.record(
        {"who": "eva", "what": "entity.delete", "at_us": 1, "tenant": "north", "target": "urn:x"}
    )
    house.access.record({"who": "eva", "what": "x", "at_us": 2, "outcome": "denied"})
    assert [chained.entry.outcome for chained in house.audit] == ["allowed", "denied"]
    assert verify(house.audit).ok
    act = {"who": "x", "what": "y", "at_us": 1}
    wrong = [
        {},
        {"who": "x", "what": "y"},
        {**act, "colour": "red"},
        {**act, "who": 7},
        {**act, "outcome": "so"},
    ]
    for entry in wrong:
        with pytest.raises(BadInput):
            house.access.record(entry)
    assert len(house.audit) == 2


def test_an_act_that_cannot_be_audited_is_not_done(house):
    key = house.give("app", "reader")
    house.access.trail._sink = lambda _: (_ for _ in ()).throw(OSError("disk full"))
    head = house.access.trail.head
    with pytest.raises(OSError, match="disk full"):
        house.access.keys.revoke(house.act, key.split("_")[1])
    assert house.access.trail.head == head
    assert house.come(key).id == "app"

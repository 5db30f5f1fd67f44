"""Which sources a request concerns: by index as by looking at each of them (clause 5.12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.spi.forwarder import EntityInfo, Information, Source
from samstad_federation.domain.breaker import Breaker
from samstad_federation.domain.sources import Sought, Sources, covers
from samstad_federation.domain.via import check_loop, extended, passed
from samstad_ngsild.errors import LoopDetected
from samstad_ngsild.query.regular import compile_pattern

IDS = ("urn:a:1", "urn:a:2", "urn:b:1")
TYPES = ("Bin", "Lamp", "Lot")
ATTRIBUTES = ("fill", "name")

entities = st.builds(
    EntityInfo,
    st.none() | st.sampled_from(IDS),
    st.none() | st.sampled_from(["^urn:a:", "1$"]).map(compile_pattern),
    st.frozensets(st.sampled_from(TYPES), min_size=1),
)
information = st.builds(
    Information, st.lists(entities, max_size=2).map(tuple), st.frozensets(st.sampled_from(ATTRIBUTES))
)


def source(name="s", **more):
    told = {"mode": "inclusive", "endpoint": "http://x", "tenant": "", "alias": "", "information": ()}
    return Source(**{"id": name, "operations": frozenset({"queryEntity"}), **told, **more})


def wants(info, ids, types, attributes):
    """Decide about one element of information as the clause puts it."""
    if attributes and info.attributes and not info.attributes & attributes:
        return False
    if not info.entities:
        return True
    for entity in info.entities:
        if types and not entity.types & types:
            continue
        if entity.id is not None:
            if not ids or entity.id in ids:
                return True
        elif entity.pattern is None or not ids or any(entity.pattern.search(one) for one in ids):
            return True
    return False


@given(
    st.lists(st.lists(information, min_size=1, max_size=3), max_size=6),
    st.frozensets(st.sampled_from(IDS), max_size=2),
    st.frozensets(st.sampled_from(TYPES), max_size=2),
    st.frozensets(st.sampled_from(ATTRIBUTES), max_size=1),
    st.sets(st.integers(0, 5), max_size=3),
)
def test_the_index_finds_what_a_look_at_each_finds(registered, ids, types, attributes, dropped):
    sources = Sources()
    for number, infos in enumerate(registered):
        sources.put(source(f"s{number}", information=(Information((), frozenset()),)))
        sources.put(source(f"s{number}", information=tuple(infos)))
    for number in dropped:
        sources.drop(f"s{number}")
    fits = (lambda those: not types.isdisjoint(those)) if types else None
    sought = Sought(ids, None, fits, attributes, types or None)
    found = sources.match(sought, "queryEntity", now_us=0, without=())
    assert found == sources.match(sought._replace(types=None), "queryEntity", now_us=0, without=())
    if types and found:
        assert sources.may_concern(tuple(ids), tuple(types))
    expected = {
        f"s{number}": [info for info in infos if wants(info, ids, types, attributes)]
        for number, infos in enumerate(registered)
        if number not in dropped
    }
    got = {match.source.id: list(match.information) for match in found}
    assert list(got.items()) == [(name, infos) for name, infos in expected.items() if infos]


def test_what_ended_or_does_not_support_it_or_is_on_the_way_is_left_out():
    sources = Sources()
    everything = (Information((), frozenset()),)
    sources.put(source("ended", expires_us=10, information=everything))
    sources.put(source("other", operations=frozenset({"createEntity"}), information=everything))
    sources.put(source("passed", alias="Waste", information=everything))
    sources.put(source("past", is_historic=True, information=everything))
    sources.put(source("good", expires_us=11, information=everything))
    found = sources.match(Sought(), "queryEntity", now_us=10, without=("waste",))
    assert [match.source.id for match in found] == ["good"]


def test_information_covers_named_attributes_all_or_nothing():
    lamp = EntityInfo(None, None, frozenset({"Lamp"}))
    named = [Information((lamp,), frozenset({"fill"})), Information((lamp,), frozenset({"name"}))]
    assert covers(named, "urn:a:1", ["Lamp"]) == {"fill", "name"}
    assert covers([*named, Information((lamp,), frozenset())], "urn:a:1", ["Lamp"]) == frozenset()
    assert covers(named, "urn:a:1", ["Bin"]) is None


def test_via_is_read_however_it_is_written():
    assert passed("1.1 roads, HTTP/1.1 Waste (samstad), ,parks") == ("roads", "waste", "parks")
    assert extended("", "roads") == "1.1 roads"
    check_loop(("waste",), "roads")
    with pytest.raises(LoopDetected):
        check_loop(("waste", "roads"), "Roads")
    with pytest.raises(LoopDetected, match="passed 20"):
        check_loop(tuple(f"n{number}" for number in range(20)), "roads")


def test_a_breaker_opens_after_three_failures_tries_once_and_waits_longer():
    breaker = Breaker()
    for now_us in (1, 2):
        breaker.failed(now_us, cooldown_us=None)
        assert breaker.admits(now_us)
    breaker.failed(3, cooldown_us=None)
    assert not breaker.admits(2_000_002)
    assert breaker.admits(2_000_003)
    assert not breaker.admits(2_000_004)  # one tries for all
    breaker.failed(2_000_004, cooldown_us=None)
    assert not breaker.admits(6_000_003)
    assert breaker.admits(6_000_004)
    breaker.gave_up()
    assert breaker.admits(6_000_005)
    breaker.succeeded()
    assert breaker.admits(0)


def test_a_cooldown_of_the_registration_holds_from_the_first_failure():
    breaker = Breaker()
    breaker.failed(0, cooldown_us=500)
    assert not breaker.admits(499)
    assert breaker.admits(500)

"""Maps in their bounds: whose they are, when they end, and which go where there are too many."""

from __future__ import annotations

from itertools import count

import pytest

from samstad_broker.service.call import Call
from samstad_broker.service.entity_maps import EntityMapLimits, EntityMaps
from samstad_ngsild.errors import ResourceNotFound

NOW_US = 1_795_608_000_000_000
MINUTE_US = 60_000_000


class Person:
    def __init__(self, name: str) -> None:
        self.id = name


ANNA = Person("anna")


def call(person: Person = ANNA, *, tenant: str = "", after_us: int = 0) -> Call:
    return Call(caller=person, authorizer=None, tenant=tenant, now_us=NOW_US + after_us)


@pytest.fixture
def maps():
    numbers = count(1)
    limits = EntityMapLimits(maps=3, ids=10, lifetime_us=MINUTE_US, most_lifetime_us=2 * MINUTE_US)
    return EntityMaps(lambda: f"urn:map:{next(numbers)}", limits)


def test_a_map_is_there_for_who_made_it_in_the_tenant_where_it_was_made(maps):
    made = maps.create(call(), ["urn:1"], lifetime_us=None)
    assert maps.find(call(), made.id) is made
    assert maps.find(call(Person("bo")), made.id) is None
    assert maps.find(call(tenant="water"), made.id) is None
    with pytest.raises(ResourceNotFound):
        maps.delete(call(Person("bo")), made.id)


def test_a_wish_for_a_longer_life_is_bounded(maps):
    made = maps.create(call(), ["urn:1"], lifetime_us=99 * MINUTE_US)
    assert made.expires_us == NOW_US + 2 * MINUTE_US
    maps.let_end(call(after_us=MINUTE_US), made.id, NOW_US + 99 * MINUTE_US)
    assert made.expires_us == NOW_US + 3 * MINUTE_US
    assert maps.find(call(after_us=3 * MINUTE_US), made.id) is None


def test_where_there_are_too_many_those_go_that_would_have_ended_first(maps):
    lives = [2 * MINUTE_US, MINUTE_US // 2, MINUTE_US]
    made = [maps.create(call(), ["urn:1"], lifetime_us=life) for life in lives]
    maps.create(call(), ["urn:2"], lifetime_us=None)
    assert maps.find(call(), made[1].id) is None
    assert maps.find(call(), made[0].id) is made[0]
    assert len(maps) == 3


def test_the_entities_of_all_maps_together_are_bounded(maps):
    small = maps.create(call(), ["urn:1"] * 4, lifetime_us=None)
    maps.create(call(), [f"urn:{number}" for number in range(8)], lifetime_us=2 * MINUTE_US)
    assert maps.find(call(), small.id) is None
    assert len(maps) == 1


def test_maps_that_ended_make_room_without_any_other_having_to_go(maps):
    old = maps.create(call(), ["urn:1"] * 9, lifetime_us=MINUTE_US)
    new = maps.create(call(after_us=MINUTE_US), ["urn:2"] * 9, lifetime_us=None)
    assert maps.find(call(after_us=MINUTE_US), old.id) is None
    assert maps.find(call(after_us=MINUTE_US), new.id) is new

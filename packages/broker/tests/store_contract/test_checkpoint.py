"""Current state on disk, written behind."""

from __future__ import annotations

from samstad_broker.domain.rows import START, Position
from samstad_broker.spi.store import SavedEntity


def lamp(number, *, tenant="", snapshot="", sequence=None, level=80):
    name = f"urn:ngsi-ld:Streetlight:roads:{number}"
    document = b'{"id":"%s","level":%d}' % (name.encode(), level)
    return SavedEntity(tenant, snapshot, name, number if sequence is None else sequence, document)


async def loaded(store):
    return [entity async for part in store.checkpoint.load() for entity in part]


async def test_a_new_checkpoint_is_empty_and_before_everything(store):
    assert store.checkpoint.cursor == START
    assert await loaded(store) == []


async def test_entities_come_back_in_order_of_creation_with_the_cursor(store, reopen, lamp_rows):
    await store.log.append(lamp_rows(store.log.head, 5), expected_version=store.log.head)
    lamps = [lamp(number) for number in range(1, 6)]
    await store.checkpoint.save([lamps[4], lamps[0], lamps[2]], [], cursor=Position(1, 3))
    await store.checkpoint.save([lamps[3], lamps[1]], [], cursor=Position(1, 5))
    store = await reopen(store)
    assert store.checkpoint.cursor == Position(1, 5)
    assert await loaded(store) == lamps
    await store.close()


async def test_a_later_save_replaces_and_deletes(store):
    await store.checkpoint.save([lamp(1), lamp(2), lamp(3)], [], cursor=Position(1, 3))
    dimmed = lamp(2, level=10)
    await store.checkpoint.save([dimmed], [lamp(1)[:3]], cursor=Position(1, 5))
    assert await loaded(store) == [dimmed, lamp(3)]
    assert lamp(2) not in await loaded(store)


async def test_an_entity_created_again_gets_its_new_place(store):
    await store.checkpoint.save([lamp(1), lamp(2)], [], cursor=Position(1, 2))
    again = lamp(1, sequence=3)
    await store.checkpoint.save([again], [], cursor=Position(1, 4))
    assert await loaded(store) == [lamp(2), again]


async def test_the_same_id_in_tenants_and_snapshots_is_not_the_same_entity(store):
    lamps = [lamp(1), lamp(1, tenant="waste", sequence=2), lamp(1, snapshot="urn:s", sequence=3)]
    await store.checkpoint.save(lamps, [], cursor=Position(1, 3))
    await store.checkpoint.save([], [lamps[1][:3]], cursor=Position(1, 4))
    assert await loaded(store) == [lamps[0], lamps[2]]


async def test_documents_may_share_a_sequence(store):
    kept = {lamp(number, snapshot="@subscriptions", sequence=0) for number in range(50)}
    await store.checkpoint.save(list(kept), [], cursor=Position(1, 1))
    back = await loaded(store)
    assert set(back) == kept
    assert len(back) == 50


async def test_deleting_what_is_not_there_moves_the_cursor_only(store):
    await store.checkpoint.save([lamp(1)], [], cursor=Position(1, 1))
    await store.checkpoint.save([], [("", "", "urn:nothing")], cursor=Position(2, 0))
    assert store.checkpoint.cursor == Position(2, 0)
    assert await loaded(store) == [lamp(1)]


async def test_more_than_a_slice_comes_back_whole(store, reopen):
    lamps = [lamp(number) for number in range(4_100)]
    await store.checkpoint.save(lamps, [], cursor=store.log.head)
    store = await reopen(store)
    parts = [part async for part in store.checkpoint.load()]
    assert len(parts) > 1
    assert [entity for part in parts for entity in part] == lamps
    await store.close()


async def test_a_load_that_is_given_up_leaves_the_checkpoint_usable(store):
    await store.checkpoint.save([lamp(number) for number in range(4_100)], [], cursor=Position(1, 1))
    load = store.checkpoint.load()
    async for _part in load:
        break
    await load.aclose()
    await store.checkpoint.save([], [lamp(7)[:3]], cursor=Position(1, 2))
    assert lamp(7) not in await loaded(store)

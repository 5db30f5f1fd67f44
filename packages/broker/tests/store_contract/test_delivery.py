"""Cursors, counters and retries of subscriptions."""

from __future__ import annotations

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import RetryEntry, SubscriptionProgress


def progress(name="urn:s:1", number=5, *, tenant="", sent=1):
    return SubscriptionProgress(
        tenant, name, Position(1, number), sent, 0, "2026-11-25T02:14:57Z", None, None, "ok", 0
    )


def retry(number, name="urn:s:1", *, tenant="", attempts=1):
    return RetryEntry(tenant, name, f"urn:e:{number}", Position(1, number), attempts, 1_000, "refused")


async def test_a_new_ledger_knows_nobody(store):
    assert not await store.delivery.progress()
    assert not await store.delivery.retries()


async def test_progress_and_retries_are_kept(store, reopen):
    entries = [progress("urn:s:1"), progress("urn:s:2", 9), progress("urn:s:2", 3, tenant="waste")]
    await store.delivery.commit(progress=entries, add=[retry(7), retry(2), retry(11, "urn:s:2")], done=[])
    store = await reopen(store)
    assert list(await store.delivery.progress()) == entries
    assert list(await store.delivery.retries()) == [retry(2), retry(7), retry(11, "urn:s:2")]
    await store.close()


async def test_a_later_commit_replaces_progress_and_ends_retries(store):
    await store.delivery.commit(progress=[progress()], add=[retry(2), retry(3)], done=[])
    await store.delivery.commit(
        progress=[progress(number=8, sent=4)],
        add=[retry(3, attempts=2)],
        done=[("", "urn:s:1", Position(1, 2))],
    )
    assert list(await store.delivery.progress()) == [progress(number=8, sent=4)]
    assert list(await store.delivery.retries()) == [retry(3, attempts=2)]


async def test_ending_a_retry_touches_neither_other_subscriptions_nor_other_tenants(store):
    await store.delivery.commit(
        progress=[], add=[retry(2), retry(2, "urn:s:2"), retry(2, tenant="waste")], done=[]
    )
    await store.delivery.commit(progress=[], add=[], done=[("", "urn:s:1", Position(1, 2))])
    assert list(await store.delivery.retries()) == [retry(2, "urn:s:2"), retry(2, tenant="waste")]


async def test_a_forgotten_subscription_leaves_nothing_behind(store):
    await store.delivery.commit(
        progress=[progress(), progress("urn:s:2")], add=[retry(2), retry(3, "urn:s:2")], done=[]
    )
    await store.delivery.commit(progress=[], add=[], done=[], forget=[("", "urn:s:1"), ("", "urn:s:9")])
    assert list(await store.delivery.progress()) == [progress("urn:s:2")]
    assert list(await store.delivery.retries()) == [retry(3, "urn:s:2")]


async def test_a_retry_added_and_ended_in_one_commit_stays_open(store):
    await store.delivery.commit(progress=[], add=[retry(2)], done=[("", "urn:s:1", Position(1, 2))])
    assert list(await store.delivery.retries()) == [retry(2)]

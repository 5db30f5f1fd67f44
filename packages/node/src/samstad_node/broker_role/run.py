"""Running the role: open, serve until told to stop, put everything away in the opposite order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from samstad_access import Act, Binding, PrincipalRecord
from samstad_access.errors import PolicyRefused
from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.kernel import Kernel
from samstad_broker.http.resources import all_routes
from samstad_broker.service.index_building import build_indexes
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite import SqliteStore
from samstad_node.broker_role.gatekeeping import keep_keys
from samstad_node.broker_role.metering import count_requests
from samstad_node.broker_role.parts import Parts, build_parts
from samstad_node.broker_role.sealing import keep_sealing
from samstad_node.broker_role.services import admit_services
from samstad_node.broker_role.surfaces import other_surfaces
from samstad_node.cli.exits import Exit
from samstad_node.server.served import AddressUnusable, Served, serve
from samstad_node.settings import SettingsRefused, derive
from samstad_node.supervisor.interpreter import settle_heap
from samstad_node.supervisor.role import RoleContext, RoleRefused

__all__ = ["ADMIN_KEY_FILE", "run"]

ADMIN_KEY_FILE = "admin.key"
"""Where demo mode leaves the key of its administrator, readable by the node's user alone."""

_SECOND_US = 1_000_000


async def run(context: RoleContext) -> None:
    """Run the broker until ``context.stop`` is set.

    Raises:
        RoleRefused: the data directory or the port cannot be used; starting again would not help.
    """
    store = SqliteStore(context.data / "broker", derive.sqlite_settings(context.settings))
    try:
        await store.open()
    except StoreError as error:
        todo = "Run samstad doctor for what is wrong with this data."
        raise RoleRefused(str(error), todo=todo, exit_code=Exit.SETTINGS) from error
    try:
        try:
            parts = await build_parts(context, store)
        except SettingsRefused as error:
            todo = "samstad settings show lists what may be set"
            raise RoleRefused(str(error), todo=todo, exit_code=Exit.SETTINGS) from error
        except (PolicyRefused, OSError, UnicodeDecodeError) as error:
            todo = "Correct the file that access.policy names, or leave the setting out."
            raise RoleRefused(str(error), todo=todo, exit_code=Exit.SETTINGS) from error
        await _live(context, parts)
    finally:
        await store.close()


async def _live(context: RoleContext, parts: Parts) -> None:
    settle_heap()
    writing = asyncio.create_task(parts.broker.writer.run(), name="writer")
    tasks = [asyncio.create_task(work, name=name) for name, work in _background(context, parts).items()]
    served: Served | None = None
    stopping = asyncio.create_task(context.stop.wait(), name="stop")
    try:
        _begin_demo(context, parts)
        if parts.access is not None:
            admit_services(context, parts.access)
        served = await _serve(context, parts)
        context.ready({"http": served.port})
        done, _ = await asyncio.wait({writing, stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a failed task takes the role down, and the supervisor starts it anew
        if parts.broker.writer.broken is not None:
            raise parts.broker.writer.broken
    finally:
        if served is not None:
            await served.stop()
        await _put_away(parts, [writing, stopping, *tasks])


async def _put_away(parts: Parts, tasks: list[asyncio.Task[Any]]) -> None:
    """Save what is staged, then end the tasks."""
    if parts.broker.writer.broken is None:
        with suppress(StoreError):
            await parts.broker.writer.flushed()
        await parts.checkpointer.save()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for notifier in parts.notifiers:
        await notifier.close()
    await parts.federation.close()
    await parts.services.close()


def _background(context: RoleContext, parts: Parts) -> dict[str, Coroutine[Any, Any, None]]:
    found: dict[str, Coroutine[Any, Any, None]] = {
        "checkpoints": parts.checkpointer.run(context.clock),
        "delivery": parts.delivery.run(),
        "source-notices": parts.source_notices.run(),
        "expiry": parts.expiry.run(),
        "snapshots": parts.snapshot_task.run(),
        "snapshot-notices": parts.snapshot_notices.run(),
        "indexes": build_indexes(parts.broker.state.builds),
        "history": parts.history.run(),
        "sealing": keep_sealing(context, parts),
        "retention": parts.retention.run(),
        "services": parts.services.watch(context.clock),
    }
    if parts.access is not None:
        found["access"] = _keep_access(context, parts)
    if parts.keys is not None:
        found["keys"] = keep_keys(context, parts.keys)
    return found


async def _keep_access(context: RoleContext, parts: Parts) -> None:
    """Follow revocations twice a second, tidy once a minute."""
    access = parts.access
    if access is None:
        return
    turns = 0
    while True:
        await context.clock.sleep_until(context.clock.now_us() + _SECOND_US // 2)
        access.refresh(now_us=context.clock.now_us())
        turns += 1
        if turns % 120 == 0:
            access.maintain(now_us=context.clock.now_us())


async def _serve(context: RoleContext, parts: Parts) -> Served:
    routes = all_routes(
        parts.broker,
        parts.subscriptions,
        parts.registrations,
        parts.hosting,
        sources=parts.sources,
        frozen=parts.snapshots,
    )
    kernel = Kernel(
        routes,
        authorizer=parts.authorizer,
        contexts=ContextBinding(parts.contexts),
        now_us=context.clock.now_us,
        settings=derive.kernel_settings(context.settings),
    )
    settings = derive.server_settings(context.settings)
    try:
        observer = count_requests(context.metrics)
        others = other_surfaces(context, parts, routes)
        return await serve(kernel, settings, others=others, observer=observer)
    except AddressUnusable as error:
        todo = "Choose another with --port; 0 takes any free one."
        raise RoleRefused(str(error), todo=todo, exit_code=Exit.SETTINGS) from error


def _begin_demo(context: RoleContext, parts: Parts) -> None:
    """Make an administrator's key for the demo, at the first start, and leave it for the user alone."""
    path = context.data / ADMIN_KEY_FILE
    if parts.access is None or os.environ.get("SAMSTAD_DEMO") != "1" or path.exists():
        return
    act = Act(who="node:demo", now_us=context.clock.now_us(), reason="demo mode")
    if all(record.id != "admin" for record in parts.access.principals.list_records(PrincipalRecord)):
        binding = Binding(role="administrator", tenants=("*",))
        parts.access.principals.create(act, PrincipalRecord(id="admin", bindings=(binding,)))
    key = parts.access.keys.create(act, "admin", name="demo")
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(key.text + "\n", encoding="utf-8")
    new.rename(path)

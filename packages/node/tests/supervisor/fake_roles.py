"""Roles that misbehave in known ways; run as a script it is what ``samstad_node.role`` is for real roles."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from samstad_node.supervisor import Role, RoleContext, RoleRefused, role_main


def first_time(context: RoleContext) -> bool:
    mark = context.data / f"{context.name}.mark"
    if mark.exists():
        return False
    mark.touch()
    return True


async def steady(context: RoleContext) -> None:
    context.ready({"fake": 1})
    path: Path = context.data / f"{context.name}.beats"
    with path.open("a", encoding="ascii") as beats:
        while not context.stop.is_set():
            beats.write(f"{time.time_ns() // 1_000_000}\n")
            beats.flush()
            await asyncio.sleep(0.02)
        beats.write("end\n")


async def hangs(context: RoleContext) -> None:
    context.ready({})
    if first_time(context):
        time.sleep(600)  # noqa: ASYNC251  # the event loop must stand still
    await context.stop.wait()


async def crashes(context: RoleContext) -> None:
    context.ready({})
    raise RuntimeError("no luck today")


async def refuses(_context: RoleContext) -> None:
    raise RoleRefused("the store is newer than this program", todo="install the newer release", exit_code=3)


async def greedy(context: RoleContext) -> None:
    held = []
    context.ready({})
    if first_time(context):
        held.append(bytearray(160 * 1024 * 1024))
    await context.stop.wait()
    held.clear()


async def stubborn(context: RoleContext) -> None:
    context.ready({})
    await asyncio.Event().wait()


async def late(context: RoleContext) -> None:
    if first_time(context):
        await asyncio.sleep(600)
    context.ready({})
    await context.stop.wait()


async def tells(context: RoleContext) -> None:
    (context.data / "told").write_text(context.settings.access.issuer)
    context.ready({"http": 8123})
    await context.stop.wait()


NAMES = ("steady", "hangs", "crashes", "refuses", "greedy", "stubborn", "late", "tells")
ROLES = {name: Role(f"fake_roles:{name}", "a fake") for name in NAMES}
ROLES["broker"] = Role("fake_roles:late", "late, as the role that the others wait for")
ROLES["other"] = Role("fake_roles:steady", "a second steady one")

if __name__ == "__main__":
    sys.exit(role_main(sys.argv[1:], ROLES))

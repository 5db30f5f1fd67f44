"""``samstad keys``: give out, list, change and end the keys by which programs and people come in.

While the node runs, its own API is asked, with an administrator's key; while it does not, its data directory
is opened: so the first administrator comes about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from cyclopts import Parameter

from samstad_access import Access, Act, Binding, PrincipalRecord
from samstad_access.domain.principal import PrincipalKind
from samstad_access.errors import AccessError, NotFound
from samstad_broker.spi.store import StoreError
from samstad_ngsild.entities.dates import iso
from samstad_node.cli.asking import Data, OwnKey, Reason, RunningNode
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.clock import SystemClock
from samstad_node.keeping.offline_access import offline_access
from samstad_node.settings import Settings
from samstad_node.supervisor.directory import DataDirectory, DataDirectoryInUse
from samstad_node.supervisor.runfile import RunFile

__all__ = ["create", "list_keys", "revoke", "rotate"]

_ACCESS = "/access/v1"
_DAY_US = 86_400_000_000


class _Place(NamedTuple):
    """The node whose keys they are."""

    data: Path
    settings: Settings
    key: str | None


def create(
    principal: str,
    /,
    *,
    role: Annotated[
        str, Parameter(help="What it may do, where it is a new one: administrator, operator, ...")
    ] = "",
    tenant: Annotated[tuple[str, ...], Parameter(help="Where; `default` names the default tenant.")] = ("*",),
    type: Annotated[  # noqa: A002 - the parameter's name
        tuple[str, ...], Parameter(help="With entities of which types, as IRIs.")
    ] = ("*",),
    name: Annotated[str, Parameter(help="For people: where the key is used.")] = "",
    days: Annotated[
        int | None, Parameter(help="How long the key counts; for ever where it is not given.")
    ] = None,
    person: Annotated[bool, Parameter(negative="", help="It is a person, and no service.")] = False,
    reason: Reason = "",
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Give a principal a key, and make the principal where there is none and a role is given.

    The key is printed this once.
    """
    place = _place(data, settings, key)
    kind = PrincipalKind.PERSON if person else PrincipalKind.SERVICE
    tenants = tuple("" if one == "default" else one for one in tenant)
    binding = Binding(role=role or "none", tenants=tenants, types=type)

    def offline(access: Access, act: Act) -> dict[str, Any]:
        try:
            access.principals.get(principal)
        except NotFound:
            if not role:
                raise
            access.principals.create(act, PrincipalRecord(id=principal, kind=kind, bindings=(binding,)))
        expires_us = None if days is None else act.now_us + days * _DAY_US
        made = access.keys.create(act, principal, name=name, expires_us=expires_us)
        return {"id": made.record.id, "principal": principal, "key": made.text}

    def online(node: RunningNode) -> dict[str, Any]:
        if (
            role
            and node.ask("GET", f"{_ACCESS}/principals/{quote(principal, safe='')}", missing=True) is None
        ):
            bindings = [{"role": role, "tenants": list(tenants), "types": list(type)}]
            node.ask(
                "POST", _ACCESS + "/principals", {"id": principal, "kind": str(kind), "bindings": bindings}
            )
        wanted: dict[str, Any] = {"principal": principal, "name": name}
        if days is not None:
            wanted["expiresAt"] = iso(SystemClock().now_us() + days * _DAY_US)
        return _told(node.ask("POST", _ACCESS + "/keys", wanted))

    made = _do(place, reason, offline=offline, online=online)
    emit(made, f"{made['key']}\nkey {made['id']} of {made['principal']}; it is not shown again", json=json)
    return Exit.OK


def list_keys(
    *,
    principal: Annotated[str | None, Parameter(help="Only those of this one.")] = None,
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Print the keys, without their secrets."""
    place = _place(data, settings, key)

    def offline(access: Access, act: Act) -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "principal": one.principal,
                "name": one.name,
                "counts": one.counts(now_us=act.now_us),
            }
            for one in access.keys.list_records(principal=principal, limit=1000)
        ]

    def online(node: RunningNode) -> list[dict[str, Any]]:
        query = f"?limit=1000{'' if principal is None else '&principal=' + quote(principal, safe='')}"
        found: list[dict[str, Any]] = node.ask("GET", f"{_ACCESS}/keys{query}")
        return found

    found = _do(place, "", offline=offline, online=online)
    lines = [
        f"{one['id']}  {'counts' if one['counts'] else 'ended '}  {one['principal']}  {one['name']}".rstrip()
        for one in found
    ]
    emit(found, "\n".join(lines) or "there are no keys", json=json)
    return Exit.OK


def rotate(
    key_id: str,
    /,
    *,
    overlap_hours: Annotated[float, Parameter(help="So long the old key counts beside the new one.")] = 24.0,
    reason: Reason = "",
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Give a key a successor with the same rights; the old one ends after a while."""
    overlap_s = round(overlap_hours * 3600)

    def offline(access: Access, act: Act) -> dict[str, Any]:
        made = access.keys.rotate(act, key_id, overlap_us=overlap_s * 1_000_000)
        return {"id": made.record.id, "principal": made.record.principal, "key": made.text}

    def online(node: RunningNode) -> dict[str, Any]:
        return _told(
            node.ask("POST", f"{_ACCESS}/keys/{quote(key_id, safe='')}/rotate", {"overlapS": overlap_s})
        )

    made = _do(_place(data, settings, key), reason, offline=offline, online=online)
    emit(made, f"{made['key']}\nkey {made['id']} of {made['principal']}; it is not shown again", json=json)
    return Exit.OK


def revoke(
    key_id: str,
    /,
    *,
    reason: Reason = "",
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """End a key at once."""

    def offline(access: Access, act: Act) -> dict[str, Any]:
        ended = access.keys.revoke(act, key_id)
        return {"id": ended.id, "principal": ended.principal, "counts": False}

    def online(node: RunningNode) -> dict[str, Any]:
        found: dict[str, Any] = node.ask("DELETE", f"{_ACCESS}/keys/{quote(key_id, safe='')}")
        return found

    ended = _do(_place(data, settings, key), reason, offline=offline, online=online)
    emit(ended, f"key {ended['id']} of {ended['principal']} counts no more", json=json)
    return Exit.OK


# -- where it is done ------------------------------------------------------------------------------------


def _place(data: str | None, settings: Path | None, key: str | None) -> _Place:
    loaded = command_settings(settings, {"node.data": data}).settings
    return _Place(Path(loaded.node.data).absolute(), loaded, key)


def _do(
    place: _Place,
    reason: str,
    *,
    offline: Callable[[Access, Act], Any],
    online: Callable[[RunningNode], Any],
) -> Any:
    if RunFile.read(place.data) is not None:
        return online(RunningNode(place.settings, key=place.key, reason=reason))
    act = Act(who="local", now_us=SystemClock().now_us(), reason=reason)
    try:
        with DataDirectory(place.data):
            return asyncio.run(_offline(place, lambda access: offline(access, act)))
    except DataDirectoryInUse as error:
        todo = "wait until the node is ready, and try again"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error
    except AccessError as error:
        todo = "samstad keys list shows those there are"
        raise CommandFailed(error.detail, exit=Exit.SETTINGS, todo=todo) from error
    except (StoreError, OSError) as error:
        todo = "samstad doctor says what is wrong with this node"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error


async def _offline(place: _Place, work: Callable[[Access], Any]) -> Any:
    async with offline_access(place.data, place.settings, SystemClock()) as access:
        return work(access)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("id", "principal", "key")}

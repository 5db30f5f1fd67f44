"""``samstad peer``: let another node ask this one, join one that invites, see who is joined, and part.

One side invites, the other joins; each is one command, and nothing central takes part. An invitation holds a
key of its own, with the right to read the named types, that ends when the agreement does. Both commands speak
to the node that runs in the data directory, with an administrator's key.
"""

from __future__ import annotations

import base64
import binascii
import http.client
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import orjson
from cyclopts import Parameter

from samstad_models.catalogue import load_catalogue
from samstad_ngsild.context import CORE
from samstad_ngsild.entities.dates import iso
from samstad_node.cli.asking import Data, OwnKey, Reason, RunningNode, exchange
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.clock import SystemClock
from samstad_node.keeping.peers import JoinedPeer, read_peers, write_peers
from samstad_node.settings import derive

__all__ = ["Invitation", "invite", "join", "leave", "list_peers"]

_MARK = "samstad-peer-1."
_DAY_US = 86_400_000_000
_ROOT = "/ngsi-ld/v1"
_COUNTED = ("timesSent", "timesFailed", "lastSuccess", "lastFailure")


class Invitation(msgspec.Struct, frozen=True):
    """What one node tells another so that it can ask.

    Attributes:
        url: where the inviting node is reached.
        alias: what it calls itself in ``Via``.
        tenant: of the inviting node; empty for its default one.
        types: IRIs of what may be asked for.
        key: by which the other node comes in.
        expires_at: when the agreement ends.
        purpose: what it is for.
    """

    url: str
    alias: str
    tenant: str
    types: tuple[str, ...]
    key: str
    expires_at: str
    purpose: str

    def text(self) -> str:
        """Return it as one word that can be sent; it is a secret."""
        return _MARK + base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Invitation:
        """Return the invitation in a text.

        Raises:
            CommandFailed: it is none, or was cut.
        """
        mark, coded = text.strip()[: len(_MARK)], text.strip()[len(_MARK) :]
        todo = f"give the whole word that samstad peer invite printed; it begins with {_MARK}"
        if mark != _MARK:
            raise CommandFailed("this is no invitation", exit=Exit.USAGE, todo=todo)
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)), type=cls)
        except (ValueError, binascii.Error, msgspec.DecodeError) as error:
            raise CommandFailed("this is no invitation", exit=Exit.USAGE, todo=todo) from error


def invite(
    name: str,
    /,
    *,
    type: Annotated[  # noqa: A002 - the parameter's name
        tuple[str, ...],
        Parameter(help="What it may read: types of the city's models by name, others as IRIs."),
    ],
    purpose: Annotated[str, Parameter(help="What the data are for; it stays in the agreement.")],
    tenant: Annotated[str, Parameter(help="In which tenant; `default` names the default one.")] = "default",
    days: Annotated[int, Parameter(help="The agreement ends after so many days.")] = 365,
    reason: Reason = "",
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Let another node ask this one, and print what its administrator needs to join: a secret."""
    node = _node(data, settings, key, reason)
    types = tuple(map(_type_iri, type))
    if not types or days < 1:
        raise CommandFailed("name at least one type, and at least one day", exit=Exit.USAGE)
    own = "" if tenant == "default" else tenant
    principal = f"peer:{name}"
    if node.ask("GET", f"/access/v1/principals/{quote(principal, safe='')}", missing=True) is None:
        binding = {"role": "reader", "tenants": [own], "types": list(types)}
        node.ask("POST", "/access/v1/principals", {"id": principal, "kind": "service", "bindings": [binding]})
    expires_at = iso(SystemClock().now_us() + days * _DAY_US)
    made = node.ask(
        "POST", "/access/v1/keys", {"principal": principal, "name": purpose[:100], "expiresAt": expires_at}
    )
    alias = node.alias(own)
    url = derive.public_url(node.settings) if node.settings.http.public_url else node.url
    invitation = Invitation(url, alias, own, types, made["key"], expires_at, purpose)
    text = invitation.text()
    emit(
        {"peer": name, "invitation": text, "expiresAt": expires_at, "types": types},
        f"{text}\n{name} may read {', '.join(types)} until {expires_at}. Send the word above as you would a "
        f"password; there it is said: samstad peer join WORD",
        json=json,
    )
    return Exit.OK


def join(
    invitation: str,
    /,
    *,
    tenant: Annotated[str, Parameter(help="The tenant here whose requests ask it as well.")] = "default",
    unchecked: Annotated[
        bool, Parameter(negative="", help="Join also where the other node does not answer now.")
    ] = False,
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Ask another node from now on, by its invitation: what it shares is in this node's answers."""
    told = Invitation.read(invitation)
    node = _node(data, settings, key)
    joined = read_peers(node.data)
    if any(one.name == told.alias for one in joined):
        todo = f"samstad peer leave {told.alias} ends that; then join again"
        raise CommandFailed(f"{told.alias} is joined already", exit=Exit.SETTINGS, todo=todo)
    if told.alias.partition("~")[0] == node.alias(""):
        todo = "give each node a name of its own: the setting node.name"
        raise CommandFailed(f"this node is called {told.alias} itself", exit=Exit.SETTINGS, todo=todo)
    if not unchecked:
        _check(told)
    own = "" if tenant == "default" else tenant
    registration_id = f"urn:ngsi-ld:ContextSourceRegistration:peer:{quote(told.alias, safe='')}"
    node.ask("POST", f"{_ROOT}/csourceRegistrations", _registration(told, registration_id), tenant=own)
    peer = JoinedPeer(
        name=told.alias, registration=registration_id, tenant=own, url=told.url, types=told.types,
        expires_at=told.expires_at, purpose=told.purpose,
    )  # fmt: skip
    write_peers(node.data, [*joined, peer])
    emit(
        msgspec.to_builtins(peer),
        f"joined {told.alias} at {told.url}: {', '.join(told.types)} until {told.expires_at}",
        json=json,
    )
    return Exit.OK


def list_peers(
    *,
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Print the nodes that this one asks, and those that may ask it."""
    node = _node(data, settings, key)
    joined = []
    for peer in read_peers(node.data):
        found = node.ask(
            "GET",
            f"{_ROOT}/csourceRegistrations/{quote(peer.registration)}",
            tenant=peer.tenant,
            missing=True,
        )
        joined.append({**msgspec.to_builtins(peer), **_state(found)})
    invited = [
        {"name": one["principal"].removeprefix("peer:"), "purpose": one["name"], "counts": one["counts"]}
        for one in node.ask("GET", "/access/v1/keys?limit=1000")
        if one["principal"].startswith("peer:")
    ]
    lines = [
        f"{one['state']:6}  {one['name']}  {one['url']}  until {one['expires_at']}  {one['purpose']}"
        for one in joined
    ]
    lines += [f"{'asks' if one['counts'] else 'ended':6}  {one['name']}  {one['purpose']}" for one in invited]
    emit({"joined": joined, "invited": invited}, "\n".join(lines) or "there are no peers", json=json)
    return Exit.OK


def leave(
    name: str,
    /,
    *,
    reason: Reason = "",
    key: OwnKey = None,
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Ask another node no more, and let it ask no more: at once, whether it answers or not."""
    node = _node(data, settings, key, reason)
    joined = read_peers(node.data)
    peer = next((one for one in joined if one.name == name), None)
    if peer is not None:
        path = f"{_ROOT}/csourceRegistrations/{quote(peer.registration)}"
        node.ask("DELETE", path, tenant=peer.tenant, missing=True)
        write_peers(node.data, [one for one in joined if one is not peer])
    found = node.ask("GET", f"/access/v1/keys?limit=1000&principal={quote(f'peer:{name}', safe='')}")
    ended = [one["id"] for one in found if one["counts"]]
    for key_id in ended:
        node.ask("DELETE", f"/access/v1/keys/{quote(key_id, safe='')}")
    if peer is None and not ended:
        todo = "samstad peer list prints those there are"
        raise CommandFailed(f"there is no peer {name}", exit=Exit.SETTINGS, todo=todo)
    told = {"name": name, "askedNoMore": peer is not None, "keysEnded": ended}
    parts = [f"{name} is asked no more"] * (peer is not None) + [f"{name} may ask no more"] * bool(ended)
    emit(told, "; ".join(parts), json=json)
    return Exit.OK


def _node(data: str | None, settings: Path | None, key: str | None, reason: str = "") -> RunningNode:
    return RunningNode(command_settings(settings, {"node.data": data}).settings, key=key, reason=reason)


def _state(registration: dict[str, Any] | None) -> dict[str, Any]:
    """Say whether a peer is asked, and how its node answered since this one started."""
    if registration is None:
        return {"state": "ended"}
    told = {name: registration[name] for name in _COUNTED if name in registration}
    return {"state": "silent" if registration.get("status") == "failed" else "asked", **told}


def _admit(node: RunningNode, principal: str, binding: dict[str, Any]) -> None:
    """Let a principal do this and nothing else; the latest invitation says what that is."""
    path = f"/access/v1/principals/{quote(principal, safe='')}"
    if node.ask("GET", path, missing=True) is None:
        body = {"id": principal, "kind": "service", "bindings": [binding]}
        node.ask("POST", "/access/v1/principals", body)
    else:
        node.ask("PATCH", path, {"bindings": [binding]})


def _registration(told: Invitation, registration_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": registration_id,
        "type": "ContextSourceRegistration",
        "registrationName": f"peer {told.alias}",
        "description": told.purpose,
        "endpoint": told.url,
        "contextSourceAlias": told.alias,
        "information": [{"entities": [{"type": kind} for kind in told.types]}],
        "contextSourceInfo": [{"key": "X-API-Key", "value": told.key}],
        "expiresAt": told.expires_at,
    }
    return {**body, "tenant": told.tenant} if told.tenant else body


def _check(told: Invitation) -> None:
    """Ask the other node who it is, with the key of the invitation."""
    headers = {"X-API-Key": told.key, **({"NGSILD-Tenant": told.tenant} if told.tenant else {})}
    todo = "say it again when it answers, or join with --unchecked"
    try:
        status, body = exchange(told.url, "GET", f"{_ROOT}/info/sourceIdentity", None, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CommandFailed(
            f"{told.url} does not answer: {error}", exit=Exit.UNREACHABLE, todo=todo
        ) from error
    if status in (401, 403):
        raise CommandFailed("the invitation counts no more", exit=Exit.SETTINGS, todo="ask for a new one")
    try:
        alias = orjson.loads(body)["contextSourceAlias"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        alias = None
    if status != 200 or alias != told.alias:
        raise CommandFailed(f"{told.url} is not {told.alias}", exit=Exit.UNREACHABLE, todo=todo)


def _type_iri(name: str) -> str:
    if ":" in name:
        return name
    known = load_catalogue().types.get(name)
    return CORE.expand(name) if known is None else known.iri

"""What a running service offers to the node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from samstad_ngsild.client import Handler
from samstad_plugin.service.admission import Demand, OwnCheck

__all__ = ["Check", "CheckState", "Endpoint", "Followed", "Service"]


class CheckState(StrEnum):
    """How one check stands, from best to worst."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; the detail says what is wrong and what to do."""

    name: str
    state: CheckState
    detail: str = ""


class Endpoint(msgspec.Struct, frozen=True):
    """One method of one path below ``/<service>/v1``.

    Attributes:
        method: in upper case.
        path: begins with ``/``; ``{name}`` and ``{name:path}`` stand for what differs.
        handler: answers; what it raises becomes a problem response.
        admission: who may use it.
    """

    method: str
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    admission: Demand | OwnCheck


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Entities whose changes a service is told (a subscription that the node keeps in order).

    Attributes:
        name: of the subscription among those of the service; it stays the same over restarts.
        types: of the entities, by short names of the client's @context or as IRIs.
        handler: told of changes, at least once and in order for each entity (I4); doing the same twice
            must do no harm.
        attributes: only changes of these are told; none: of all.
        q: only entities that match are told (clause 4.9).
        deletions: tell of deleted entities too; they come with ``deletedAt``.
        catches_up: at each start the handler is given all present entities first, as if they had changed.
    """

    name: str
    types: Sequence[str]
    handler: Handler
    attributes: Sequence[str] = ()
    q: str = ""
    deletions: bool = False
    catches_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service at work.

    Attributes:
        endpoints: of its HTTP interface.
        follows: which entities it is told about.
        tasks: what runs beside, by name; one that ends takes the service down, and the node starts it anew.
        ports: other ports that it listens on, by protocol name.
        errors: from what its endpoints raise to the name of one of the plugin's problems; the error's text
            becomes the detail. A subclass may stand before its base.
        checks: how it stands, asked by ``/health``; it must not wait for anything.
    """

    endpoints: Sequence[Endpoint] = ()
    follows: Sequence[Followed] = ()
    tasks: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[type[Exception], str] = field(default_factory=dict)
    checks: Callable[[], Sequence[Check]] = tuple

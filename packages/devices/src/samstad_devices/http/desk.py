"""What people do: connections, tokens, codecs, lives, swaps, quarantine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any, TypeVar

import msgspec
import orjson
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.service.directory import Directory
from samstad_devices.service.onboard import onboard
from samstad_devices.service.registry import Registry
from samstad_devices.service.silence import Silence
from samstad_devices.spi.city import City
from samstad_devices.spi.codec_source import CodecSource
from samstad_devices.spi.credentials import Credentials
from samstad_devices.spi.frame_store import FrameStore, Kept
from samstad_plugin.service import Caller, caller_of

__all__ = ["Desk"]

_DAY_US = 86_400_000_000
_PAGE = 200
BodyT = TypeVar("BodyT")


Days = Annotated[float, Meta(gt=0, le=36_500)]
"""How long something is valid: at most a hundred years, so that its end is a date."""


class NewConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network server that shall send."""

    name: str
    network: str
    days: Days = 3_650


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a token shall live."""

    days: Days = 730


class NewLife(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a life shall go, and why."""

    state: str
    reason: str


class NewSwap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which device takes the place, and why."""

    by: str
    reason: str


class NewCodec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vendor's program."""

    name: str
    source: str
    licence: str


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages shall be tried again; nothing means any."""

    device: str | None = None
    reason: str | None = None


class Desk:
    """The endpoints of people.

    Args:
        registry: of devices.
        directory: which devices there are.
        credentials: of networks and devices.
        codecs: of vendors.
        frames: where messages are kept.
        acting_for: gives a client with the rights of a caller.
        silence: of devices.
        now_us: the clock.
        networks: names of the network servers that can be read.
        on_release: called when messages wait again.
        cause_of: tells whose the silence of a device is.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        registry: Registry,
        directory: Directory,
        credentials: Credentials,
        codecs: CodecSource,
        frames: FrameStore,
        silence: Silence,
        acting_for: Callable[[Caller], City],
        now_us: Callable[[], int],
        networks: Collection[str],
        on_release: Callable[[], None],
        cause_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._registry = registry
        self._directory = directory
        self._credentials = credentials
        self._codecs = codecs
        self._frames = frames
        self._silence = silence
        self._acting_for = acting_for
        self._now_us = now_us
        self._networks = networks
        self._on_release = on_release
        self._cause_of = cause_of

    async def connect(self, request: Request) -> Response:
        """Make a connection and show its token, once."""
        wanted = await _read(request, NewConnection)
        if wanted.network not in self._networks:
            raise MessageRefused(f"network is one of {', '.join(self._networks)}.", pointer="/network")
        if not wanted.name.isascii() or not wanted.name.replace("-", "").isalnum():
            raise MessageRefused("name has letters, digits and hyphens.", pointer="/name")
        now_us = self._now_us()
        ends_us = now_us + round(wanted.days * _DAY_US)
        token = await self._credentials.give(wanted.name, wanted.network, now_us=now_us, ends_us=ends_us)
        return _json({"token": token, "path": f"/devices/v1/lorawan/{wanted.name}"}, 201)

    async def disconnect(self, request: Request) -> Response:
        """End a connection: all of its tokens."""
        await self._credentials.revoke(request.path_params["connection"])
        return Response(status_code=204)

    async def token(self, request: Request) -> Response:
        """Give a device another token and show it, once."""
        wanted = await _read(request, NewToken)
        token = await self._registry.token(request.path_params["device"], days=wanted.days)
        return _json({"token": token, "path": "/devices/v1/push"}, 201)

    async def revoke(self, request: Request) -> Response:
        """End all tokens of a device."""
        await self._credentials.revoke(request.path_params["device"])
        return Response(status_code=204)

    async def life(self, request: Request) -> Response:
        """Lead a device to another state."""
        wanted = await _read(request, NewLife)
        caller = caller_of(request)
        device = request.path_params["device"]
        city = self._acting_for(caller)
        step = await self._registry.move(city, device, wanted.state, who=caller.id, why=wanted.reason)
        return _json({"device": device, "from": step.start, "to": step.end, "by": step.who})

    async def swap(self, request: Request) -> Response:
        """Put another device in the place of one."""
        wanted = await _read(request, NewSwap)
        caller = caller_of(request)
        device = request.path_params["device"]
        city = self._acting_for(caller)
        await self._registry.swap(city, device, wanted.by, who=caller.id, why=wanted.reason)
        return Response(status_code=204)

    async def codec(self, request: Request) -> Response:
        """Keep a codec and tell its digest, by which profiles name it."""
        wanted = await _read(request, NewCodec)
        digest = await self._codecs.bring(
            wanted.source, name=wanted.name, licence=wanted.licence, now_us=self._now_us()
        )
        return _json({"codec": digest}, 201)

    async def quarantine(self, request: Request) -> Response:
        """Show messages in quarantine, from the oldest on."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            raise MessageRefused("after is the number of a message.", pointer="/after")
        device = request.query_params.get("device")
        kept = await self._frames.quarantined(device=device, after=int(after), limit=_PAGE)
        return _json({"messages": [_shown(one) for one in kept]})

    async def replay(self, request: Request) -> Response:
        """Let messages in quarantine be tried again."""
        wanted = await _read(request, Replay)
        released = await self._frames.release(device=wanted.device, reason=wanted.reason)
        self._on_release()
        return _json({"released": released})

    async def onboard(self, request: Request) -> Response:
        """Create the devices of a table in CSV; ``dryRun=true`` only tells what would become of it."""
        body = await request.body()
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise MessageRefused(f"The table is no UTF-8, at byte {error.start}.") from None
        is_dry = request.query_params.get("dryRun", "false") == "true"
        city = self._acting_for(caller_of(request))
        report = await onboard(text, city, self._directory, is_dry=is_dry)
        rows = [one._asdict() for one in report.rows]
        return _json({"created": report.created, "refused": report.refused, "rows": rows})

    async def silent(self, _: Request) -> Response:
        """Show devices that should have reported, longest silent first."""
        silent = self._silence.silent()[:_PAGE]
        return _json({"devices": [one._asdict() | {"cause": self._cause_of(one.device)} for one in silent]})


def _shown(kept: Kept) -> dict[str, Any]:
    payload = getattr(kept.message, "payload", b"")
    return {
        "number": kept.number,
        "way": kept.way,
        "device": str(kept.message.device),
        "reason": kept.reason,
        "detail": kept.detail,
        "receivedUs": kept.received_us,
        "payload": payload.hex(),
    }


async def _read(request: Request, kind: type[BodyT]) -> BodyT:
    body = await request.body()
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise MessageRefused(f"The body is not what is expected: {error}.") from None


def _json(told: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, media_type="application/json")

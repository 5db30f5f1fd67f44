"""Keys of devices, as people see them: given, listed without what is secret, ended."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import orjson
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.mapping import iso
from samstad_devices.service.keyring import Keyring
from samstad_devices.spi.keys import KeyFacts, Keys

__all__ = ["KeyDesk"]


Days = Annotated[float, Meta(gt=0, le=36_500)]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which key a device shall have; ``secret`` where it has one already."""

    kind: str
    days: Days = 3_650
    secret: str | None = None


class KeyDesk:
    """The endpoints of keys.

    Args:
        keyring: gives keys.
        keys: where they are kept.
    """

    def __init__(self, keyring: Keyring, keys: Keys) -> None:
        self._keyring = keyring
        self._keys = keys

    async def give(self, request: Request) -> Response:
        """Give a device a key; one that was made here is shown, once."""
        try:
            wanted = msgspec.json.decode(await request.body(), type=NewKey)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise MessageRefused(f"The body is not what is expected: {error}.") from None
        device = request.path_params["device"]
        facts, secret = await self._keyring.give(device, wanted.kind, days=wanted.days, secret=wanted.secret)
        shown = _shown(facts)
        if wanted.secret is None:
            shown["secret"] = secret.hex()
        return Response(orjson.dumps(shown), 201, media_type="application/json")

    async def show(self, request: Request) -> Response:
        """List a device's keys; nobody sees the keys themselves."""
        found = await self._keys.of(request.path_params["device"])
        return Response(orjson.dumps({"keys": [_shown(one) for one in found]}), media_type="application/json")

    async def end(self, request: Request) -> Response:
        """End one key of a device, or all."""
        await self._keys.revoke(request.path_params["device"], request.path_params.get("key"))
        return Response(status_code=204)


def _shown(facts: KeyFacts) -> dict[str, Any]:
    return {
        "key": facts.id,
        "kind": facts.kind,
        "from": iso(facts.begins_us),
        "until": iso(facts.ends_us),
    }

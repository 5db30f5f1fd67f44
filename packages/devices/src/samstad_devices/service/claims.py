"""Taking over a device by its claim code, once: the code of a box, or what its supplier gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from samstad_devices.domain.allowance import Allowance
from samstad_devices.domain.claiming import is_claimed_by
from samstad_devices.domain.errors import DevicesError, MessageRefused
from samstad_devices.domain.identifiers import Identifier, identifier
from samstad_devices.domain.lifecycle import REVOKES
from samstad_devices.domain.names import CLAIM
from samstad_devices.domain.qr import read_qr
from samstad_devices.mapping import iso
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.spi.city import City

__all__ = ["Claim", "ClaimRefused", "Claims", "TooManyClaims"]


class ClaimRefused(DevicesError):
    """The code proves nothing: which part of it is wrong is not told."""


class TooManyClaims(DevicesError):
    """Somebody tries codes."""


class Claim(NamedTuple):
    """Who takes over what.

    Attributes:
        qr: a code by TR005 that holds the owner token; or empty, and then
        device: an identifier as ``kind:text``, and
        code: the claim code.
        owner: URI of who owns it from now on.
    """

    owner: str
    qr: str = ""
    device: str = ""
    code: str = ""


class Claims:
    """Takes claims.

    Args:
        directory: which devices there are.
        now_us: the clock.
    """

    def __init__(self, directory: Directory, *, now_us: Callable[[], int]) -> None:
        self._directory = directory
        self._now_us = now_us
        self._tries = Allowance(per_second=1 / 12, burst=20)

    async def claim(self, city: City, claim: Claim, *, who: str) -> str:
        """Give a device to its new owner, end its code, and return the device's id.

        Raises:
            MessageRefused: the claim names no device, or no owner.
            TooManyClaims: ``who`` has tried too often.
            ClaimRefused: there is no such device, it is claimed already, or the code is not its own.
        """
        if ":" not in claim.owner:
            raise MessageRefused("owner is a URI.", pointer="/owner")
        named, code = _read(claim)
        if not self._tries.take(who, self._now_us()):
            raise TooManyClaims("Too many claims: wait a minute.")
        device = self._found(named)
        if device is None or device.life in REVOKES or not is_claimed_by(device.id, code, device.claim):
            raise ClaimRefused("The code is not that of a device that can be claimed here.")
        at = iso(self._now_us())
        owner = {
            "type": "Relationship",
            "object": claim.owner,
            "observedAt": at,
            "changedBy": {"type": "Property", "value": who},
        }
        # Taken at once, so that of two who claim it together one gets it; given back where it failed.
        self._directory.change(device.id, claim="")
        try:
            await city.append(device.id, {"owner": owner})
            await city.delete_attribute(device.id, CLAIM)
        except BaseException:
            self._directory.change(device.id, claim=device.claim)
            raise
        return device.id

    def _found(self, named: Identifier) -> KnownDevice | None:
        owners = self._directory.owners(named)
        return self._directory.device(owners[0]) if len(owners) == 1 else None


def _read(claim: Claim) -> tuple[Identifier, str]:
    if claim.qr:
        told = read_qr(claim.qr)
        return Identifier("devEUI", told.dev_eui), told.owner_token
    kind, _, text = claim.device.partition(":")
    return identifier(kind, text), claim.code

"""Keys of devices, from the first to the last: given to devices that may have them, shown once or never."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from samstad_devices.domain.errors import MessageRefused, TransitionRefused
from samstad_devices.domain.lifecycle import REVOKES
from samstad_devices.service.directory import Directory
from samstad_devices.service.registry import DeviceUnknown
from samstad_devices.spi.keys import KINDS, KeyFacts, Keys

__all__ = ["Keyring"]

_DAY_US = 86_400_000_000


class Keyring:
    """Gives keys.

    Args:
        directory: which devices there are.
        keys: where they are kept.
        now_us: the clock.
    """

    def __init__(self, directory: Directory, keys: Keys, *, now_us: Callable[[], int]) -> None:
        self._directory = directory
        self._keys = keys
        self._now_us = now_us

    async def give(
        self, device_id: str, kind: str, *, days: float, secret: str | None
    ) -> tuple[KeyFacts, bytes]:
        """Give a device another key, valid beside those that it has, and return it.

        Args:
            device_id: of a Device entity.
            kind: one of ``KINDS``.
            days: how long it is valid from now on.
            secret: hexadecimal digits of a key that the device has already; None makes a new one.

        Raises:
            DeviceUnknown: there is no such device.
            TransitionRefused: its life is over, or it is lost.
            MessageRefused: there is no such kind, or the secret is none.
            StoreUnavailable: it cannot be kept.
        """
        self._check(device_id)
        if kind not in KINDS:
            raise MessageRefused(f"kind is one of {', '.join(KINDS)}.", pointer="/kind")
        key = secrets.token_bytes(KINDS[kind]) if secret is None else _read(secret, kind)
        now_us = self._now_us()
        facts = KeyFacts(secrets.token_hex(8), device_id, kind, now_us, now_us + round(days * _DAY_US))
        await self._keys.give(facts, key)
        return facts, key

    def _check(self, device_id: str) -> None:
        device = self._directory.device(device_id)
        if device is None:
            raise DeviceUnknown(f"There is no Device {device_id:.200}.")
        if device.life in REVOKES:
            raise TransitionRefused(f"{device_id} is {device.life}: it gets no key.", pointer="/lifeCycle")


def _read(text: str, kind: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KINDS[kind]:
        raise MessageRefused(f"A key {kind} has {2 * KINDS[kind]} hexadecimal digits.", pointer="/secret")
    return key

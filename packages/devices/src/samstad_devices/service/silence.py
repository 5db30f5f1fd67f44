"""Devices that should have reported and did not, those that never did among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from samstad_devices.domain.lifecycle import reception_of
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.spi.frame_store import Heard

__all__ = ["Silence", "SilentDevice"]


class SilentDevice(NamedTuple):
    """A device that is silent.

    Attributes:
        state: ``late`` (beyond its interval with grace), ``silent`` (four times that) or ``neverHeard``.
        overdue_s: since when it should have reported; 0 where it never did.
    """

    device: str
    state: str
    overdue_s: float
    heard_us: int


class Silence:
    """Finds silent devices by the interval that each is expected to keep.

    Args:
        directory: which devices there are.
        heard: when each was heard, by id.
        now_us: the clock.
        since_us: since when this node listens; nobody is silent before a whole interval of that.
    """

    def __init__(
        self,
        directory: Directory,
        heard: Mapping[str, Heard],
        *,
        now_us: Callable[[], int],
        since_us: int,
    ) -> None:
        self._directory = directory
        self._heard = heard
        self._now_us = now_us
        self._since_us = since_us

    def silent(self) -> list[SilentDevice]:
        """Return silent devices, the longest silent first; those of unknown interval are never silent."""
        return sorted(self._each(self._now_us()), key=lambda one: -one.overdue_s)

    def _each(self, now_us: int) -> Iterator[SilentDevice]:
        for device in self._directory:
            if found := self.judge(device, now_us):
                yield found

    def judge(self, device: KnownDevice, now_us: int) -> SilentDevice | None:
        """Return how silent a device is; None where it is not, need not speak, or its interval is unknown."""
        if reception_of(device.life) != "publish":
            return None
        allowed_s = self._directory.allowed_s(device)
        return self._judged(device, allowed_s, now_us) if allowed_s > 0 else None

    def _judged(self, device: KnownDevice, allowed_s: float, now_us: int) -> SilentDevice | None:
        heard = self._heard.get(device.id)
        last_us = heard.heard_us if heard else 0
        waited_s = (now_us - max(last_us, self._since_us)) / 1_000_000
        if waited_s <= allowed_s:
            return None
        state = "neverHeard" if heard is None else "late" if waited_s <= 4 * allowed_s else "silent"
        return SilentDevice(device.id, state, waited_s - allowed_s, last_us)

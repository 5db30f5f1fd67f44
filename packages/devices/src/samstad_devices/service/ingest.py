"""Ingest: what was kept is understood and published, from the oldest on; nothing is lost on the way.

A message leaves the line only when the broker has taken it, or with the reason why it is in quarantine. While
the broker is away, the line grows (I1).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from samstad_devices.domain.errors import CodecFailed, MessageRefused, ProfileRefused
from samstad_devices.domain.lifecycle import reception_of
from samstad_devices.domain.messages import DownlinkAnswered, Joined, Message, StatusReported, Uplink
from samstad_devices.domain.normalise import Measurement, Normalised
from samstad_devices.domain.profile import Profile
from samstad_devices.mapping import Target, fragments, iso
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.service.publish import Parcel, Publisher
from samstad_devices.service.understand import Understanding
from samstad_devices.spi.city import City
from samstad_devices.spi.frame_store import Arrival, FrameStore, Heard, Kept, Outcome
from samstad_ngsild.client import ClientError

__all__ = ["Figures", "Ingest", "Observer"]

BATCH = 500
_NOT_UNDERSTOOD = frozenset({"codec", "payload", "profile"})
_PAUSE_S = 1.0
_GATHER_S = 0.02
"""What comes within this time shares a request to the broker and a commit; a lone message goes at once."""


@dataclass(slots=True)
class Figures:
    """Counts for metrics."""

    arrived: int = 0
    repeated: int = 0
    published: int = 0
    tested: int = 0
    late: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)


class _Quarantine(NamedTuple):
    reason: str
    detail: str


@dataclass(slots=True)
class _Work:
    """One message on its way."""

    kept: Kept
    device: KnownDevice
    parcel: Parcel
    state: str
    measured_us: int
    is_understood: bool
    found: Normalised | None = None


class Observer(Protocol):
    """Is told how devices do; it must not wait for anything."""

    def heard(
        self, device: KnownDevice, message: Message, found: Normalised | None, *, received_us: int
    ) -> None:
        """Take a message that was accepted, and what it means."""
        ...

    def counted(self, device_id: str, *, frames: int, lost: int, now_us: int) -> None:
        """Take how many frames came, and how many are missing."""
        ...

    def failed(self, device_id: str, reason: str, *, time_us: int) -> None:
        """Take that a message could not be understood."""
        ...


class Ingest:
    """Takes messages in, and publishes what they mean.

    Args:
        frames: where messages are kept.
        directory: which devices there are.
        understanding: of payloads.
        city: the broker.
        now_us: the clock.
        on_answer: told what became of a downlink.

    Attributes:
        on_measured: told what a device shows, and when it measured it.
        observer: told how devices do.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        frames: FrameStore,
        directory: Directory,
        understanding: Understanding,
        city: City,
        now_us: Callable[[], int],
        on_answer: Callable[[DownlinkAnswered], None] = lambda _: None,
    ) -> None:
        self._frames = frames
        self._directory = directory
        self._understanding = understanding
        self._publisher = Publisher(city)
        self._now_us = now_us
        self.on_answer = on_answer
        self.on_measured: Callable[[str, Sequence[Measurement], int], None] = lambda _id, _told, _us: None
        self.observer: Observer | None = None
        self.heard: dict[str, Heard] = {}
        self.figures = Figures()
        self.more = asyncio.Event()

    @property
    def directory(self) -> Directory:
        """Which devices there are."""
        return self._directory

    async def open(self) -> None:
        """Read when each device was heard."""
        self.heard = dict(await self._frames.heard())

    async def take(self, way: str, message: Message) -> bool:
        """Return when a message is durable; False where it came before. Raises as ``FrameStore.keep``."""
        is_new = await self._frames.keep(Arrival(way, message, self._now_us()))
        self._came(is_new=is_new)
        return is_new

    def offer(self, way: str, message: Message) -> asyncio.Future[bool]:
        """Return at once what ``take`` returns later. Raises StoreFull."""
        durable = self._frames.offer(Arrival(way, message, self._now_us()))
        durable.add_done_callback(self._offered)
        return durable

    def _offered(self, durable: asyncio.Future[bool]) -> None:
        if not durable.cancelled() and durable.exception() is None:
            self._came(is_new=durable.result())

    def _came(self, *, is_new: bool) -> None:
        if is_new:
            self.figures.arrived += 1
            self.more.set()
        else:
            self.figures.repeated += 1

    async def run(self) -> None:
        """Work until cancelled."""
        await self._directory.loaded.wait()
        self._directory.appeared.clear()
        await self._frames.release(device=None, reason="unknown-device")
        while True:
            await self._release_appeared()
            self.more.clear()
            try:
                done = await self.step()
            except ClientError:
                await asyncio.sleep(_PAUSE_S)
                continue
            if done < BATCH:
                await asyncio.sleep(_GATHER_S)
            if not done:
                await self.more.wait()

    async def step(self) -> int:
        """Work through one batch and return how many messages it had.

        Raises:
            ClientError: the broker is away; the batch waits on.
        """
        batch = await self._frames.waiting(after=0, limit=BATCH)
        if batch:
            await self._work_through(batch)
        return len(batch)

    async def _release_appeared(self) -> None:
        """Let what came before its device was known wait again."""
        appeared, self._directory.appeared = self._directory.appeared, set()
        for one in appeared:
            await self._frames.release(device=str(one), reason="unknown-device")

    async def _work_through(self, batch: Sequence[Kept]) -> None:
        prepared = await asyncio.gather(*map(self._surely_prepared, batch))
        works = [one for one in prepared if isinstance(one, _Work)]
        self._tell_late_ones(works)
        refused = await self._publisher.publish([work.parcel for work in works])
        outcomes = [self._outcome(work, refused) for work in works]
        outcomes += [
            Outcome(kept.number, "quarantined", one.reason, one.detail)
            for kept, one in zip(batch, prepared, strict=True)
            if isinstance(one, _Quarantine)
        ]
        heard = self._heard_from(works)
        await self._frames.settle(outcomes, list(heard.values()), now_us=self._now_us())
        if self.observer is not None:
            self._tell_observer(self.observer, batch, works, outcomes, heard)
        self.heard.update(heard)
        self._count(outcomes)
        for work in works:
            if work.found is not None and work.found.measurements and not work.parcel.is_late:
                self.on_measured(work.device.id, work.found.measurements, work.measured_us)

    def _tell_observer(
        self,
        observer: Observer,
        batch: Sequence[Kept],
        works: Sequence[_Work],
        outcomes: Sequence[Outcome],
        heard: Mapping[str, Heard],
    ) -> None:
        for work in works:
            observer.heard(work.device, work.kept.message, work.found, received_us=work.kept.received_us)
        for device_id, after in heard.items():
            before = self.heard.get(device_id) or Heard(device_id, 0)
            frames, lost = after.frames - before.frames, after.lost - before.lost
            observer.counted(device_id, frames=frames, lost=lost, now_us=after.heard_us)
        reasons = {one.number: one.reason for one in outcomes if one.reason in _NOT_UNDERSTOOD}
        for kept in batch if reasons else ():
            if kept.number in reasons:
                for owner in self._directory.owners(kept.message.device):
                    observer.failed(owner, reasons[kept.number], time_us=kept.received_us)

    async def _surely_prepared(self, kept: Kept) -> _Work | _Quarantine:
        try:
            return await self._prepared(kept)
        except Exception as error:  # noqa: BLE001 - one message must not hold up all that come after it
            return _Quarantine(
                "fault", f"The node's own fault, please report it: {type(error).__name__}: {error}."
            )

    async def _prepared(self, kept: Kept) -> _Work | _Quarantine:
        device = self._owner(kept.message)
        if isinstance(device, _Quarantine):
            return device
        reception = reception_of(device.life)
        if reception == "quarantine":
            return _Quarantine("life-cycle", f"{device.id} is {device.life or 'of no known state'}.")
        try:
            if isinstance(kept.message, Uplink):
                return await self._uplink(kept, kept.message, device)
        except CodecFailed as error:
            return _Quarantine("codec", error.detail)
        except MessageRefused as error:
            return _Quarantine("payload", error.detail)
        except ProfileRefused as error:
            return _Quarantine("profile", error.detail)
        return self._beside(kept, device)

    def _owner(self, message: Message) -> KnownDevice | _Quarantine:
        owners = self._directory.owners(message.device)
        if not owners:
            return _Quarantine("unknown-device", f"No Device has the identifier {message.device}.")
        if len(owners) > 1:
            told = f"{message.device} is claimed by {' and '.join(owners)}: take it from one of them."
            return _Quarantine("twice-given", told)
        device = self._directory.device(owners[0])
        return device or _Quarantine("unknown-device", f"{owners[0]} has gone.")

    async def _uplink(self, kept: Kept, uplink: Uplink, device: KnownDevice) -> _Work | _Quarantine:
        profile = self._directory.profile(device.model)
        if profile is None:
            return _Quarantine(
                "profile", f"The model {device.model or '(none)'} of {device.id} has no profile."
            )
        found = await self._measured(profile, uplink, kept.received_us, device.id)
        self.figures.doubts.update(doubt.reason for doubt in found.doubts)
        is_tested = reception_of(device.life) == "test"
        target = Target(device.id, None if is_tested else device.asset or None)
        asset, own = fragments(found, target, uplink=uplink)
        documents = (own,) if asset is None else (asset, own)
        state = "tested" if is_tested else "published"
        work = _Work(kept, device, Parcel(kept.number, documents), state, found.time_us, is_understood=True)
        work.found = found
        return work

    async def _measured(
        self, profile: Profile, uplink: Uplink, received_us: int, device_id: str
    ) -> Normalised:
        if not uplink.payload:
            # LoRaWAN sends empty frames to answer the network: a sign of life, and nothing to decode.
            return Normalised(uplink.time_us or received_us, (), ())
        return await self._understanding.measurements(
            profile, uplink, received_us=received_us, device_id=device_id
        )

    def _beside(self, kept: Kept, device: KnownDevice) -> _Work:
        """Return what the network tells of a device beside its own messages."""
        message = kept.message
        time_us = message.time_us or kept.received_us
        documents: tuple[dict[str, object], ...] = ()
        if isinstance(message, StatusReported) and message.battery_percent is not None:
            level = {"type": "Property", "value": message.battery_percent / 100, "observedAt": iso(time_us)}
            documents = ({"id": device.id, "type": "Device", "batteryLevel": level},)
        if isinstance(message, DownlinkAnswered):
            self.on_answer(message)
        return _Work(kept, device, Parcel(kept.number, documents), "published", time_us, is_understood=False)

    def _tell_late_ones(self, works: Sequence[_Work]) -> None:
        """Mark what was measured before something that is known: the present must not go back."""
        newest = {work.device.id: self._measured_us(work.device.id) for work in works}
        for work in works:
            if not work.is_understood:
                continue
            if work.measured_us < newest[work.device.id]:
                work.parcel = work.parcel._replace(is_late=True)
                self.figures.late += 1
            newest[work.device.id] = max(newest[work.device.id], work.measured_us)

    def _measured_us(self, device_id: str) -> int:
        known = self.heard.get(device_id)
        return known.measured_us if known else 0

    def _outcome(self, work: _Work, refused: Mapping[int, tuple[str, str]]) -> Outcome:
        number = work.kept.number
        if number in refused:
            return Outcome(number, "quarantined", *refused[number])
        return Outcome(number, "tested" if work.state == "tested" else "published")

    def _heard_from(self, works: Sequence[_Work]) -> dict[str, Heard]:
        found: dict[str, Heard] = {}
        for work in works:
            known = found.get(work.device.id) or self.heard.get(work.device.id) or Heard(work.device.id, 0)
            found[work.device.id] = _heard_again(known, work)
        return found

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            if one.state == "quarantined":
                self.figures.quarantined[one.reason] += 1
            elif one.state == "tested":
                self.figures.tested += 1
            else:
                self.figures.published += 1


def _heard_again(known: Heard, work: _Work) -> Heard:
    counter, lost = _counted(known, work)
    return known._replace(
        heard_us=max(known.heard_us, work.kept.received_us),
        measured_us=max(known.measured_us, work.measured_us if work.is_understood else 0),
        accepted_us=max(known.accepted_us, work.kept.received_us if work.is_understood else 0),
        counter=counter,
        frames=known.frames + 1,
        lost=known.lost + lost,
        way=known.way if work.parcel.is_late and known.way else work.kept.way,
    )


def _counted(known: Heard, work: _Work) -> tuple[int | None, int]:
    """Return the counter from now on, and how many more frames are missing by it."""
    message = work.kept.message
    if isinstance(message, Joined):
        return None, 0
    counter = message.counter if isinstance(message, Uplink) else None
    if counter is None:
        return known.counter, 0
    if work.parcel.is_late:
        # It fills a gap that was counted, or comes from a session that is over.
        return known.counter, -1 if known.lost and counter < (known.counter or 0) else 0
    gap = 0 if known.counter is None else max(0, counter - known.counter - 1)
    return counter, gap

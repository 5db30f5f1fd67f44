"""The archive of controllers' parameters: a new checksum is noticed, told, and its content fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from samstad_signals.domain.parameters import Parameters, judge_checksum, read_parameters
from samstad_signals.service.fleet import Fleet
from samstad_signals.spi.keeping import Keep, Keeping
from samstad_signals.spi.street import Street

__all__ = ["PARAMETERS_CHANGED", "Archive", "VersionUnknown"]

KIND = "parameters"
MOST_VERSIONS = 50
AGAIN_US = 60_000_000
CENTRE = "parameters"
PARAMETERS_CHANGED = "parametersChanged"


class VersionUnknown(Exception):
    """No version of that checksum is in the archive."""


class Archive:
    """Keeps every version of every controller's parameters, the latest fifty of each.

    Args:
        fleet: tells checksums (S0097), and gets alerts.
        street: is asked for contents (S0098).
        keeping: where versions survive.
        now_us: the clock.
    """

    def __init__(self, fleet: Fleet, street: Street, keeping: Keeping, *, now_us: Callable[[], int]) -> None:
        self.unreadable = 0
        self._versions: dict[str, list[Parameters]] = {}
        self._seen: dict[str, str] = {}
        self._asked_us: dict[str, int] = {}
        self._arrived: list[tuple[str, str, str]] = []
        self._fleet = fleet
        self._street = street
        self._keeping = keeping
        self._now_us = now_us

    async def load(self) -> None:
        """Take what was kept."""
        for key, body in (await self._keeping.load(KIND)).items():
            site_id = key.partition("\x1f")[0]
            self._versions.setdefault(site_id, []).append(msgspec.json.decode(body, type=Parameters))
        for site_id, versions in self._versions.items():
            versions.sort(key=lambda one: one.taken_us)
            self._seen[site_id] = versions[-1].checksum

    def versions(self, site_id: str) -> Sequence[Parameters]:
        """Return the versions of a junction, oldest first."""
        return tuple(self._versions.get(site_id, ()))

    def version(self, site_id: str, checksum: str) -> Parameters:
        """Return one version; VersionUnknown where there is none."""
        for one in self._versions.get(site_id, ()):
            if one.checksum == checksum:
                return one
        raise VersionUnknown(f"the archive has no parameters {checksum!r} of {site_id}")

    def arrived(self, site_id: str, config: str, version: str) -> None:
        """Take what a controller tells of its parameters; it is archived at the next look."""
        self._arrived.append((site_id, config, version))

    async def look(self) -> None:
        """Notice new checksums, ask for what is not archived, and archive what has come."""
        while self._arrived:
            await self._archive(*self._arrived[0])
            del self._arrived[0]
        now_us = self._now_us()
        for site_id, junction in self._fleet.junctions.items():
            checksum = junction.state.checksum
            if not checksum or not junction.link.up:
                continue
            judged = judge_checksum(self.versions(site_id), checksum)
            if judged in {"changed", "restored"} and self._seen.get(site_id) != checksum:
                self._fleet.notice(site_id, (CENTRE, PARAMETERS_CHANGED), severity="medium", now_us=now_us)
            self._seen[site_id] = checksum
            is_due = now_us - self._asked_us.get(site_id, -AGAIN_US) >= AGAIN_US
            if judged in {"changed", "unarchived"} and is_due:
                self._asked_us[site_id] = now_us
                self._street.ask_parameters(site_id)

    async def _archive(self, site_id: str, config: str, version: str) -> None:
        junction = self._fleet.junctions.get(site_id)
        checksum = junction.state.checksum if junction is not None else None
        if not checksum or any(one.checksum == checksum for one in self._versions.get(site_id, ())):
            return
        try:
            found = read_parameters(checksum, config, taken_us=self._now_us(), version=version)
        except ValueError:
            self.unreadable += 1
            return
        known = self._versions.setdefault(site_id, [])
        gone = known[: len(known) + 1 - MOST_VERSIONS]
        await self._keeping.save(
            [
                Keep(KIND, _key(site_id, found), msgspec.json.encode(found)),
                *(Keep(KIND, _key(site_id, one), None) for one in gone),
            ]
        )
        known.append(found)
        del known[: len(gone)]


def _key(site_id: str, version: Parameters) -> str:
    return f"{site_id}\x1f{version.checksum}"

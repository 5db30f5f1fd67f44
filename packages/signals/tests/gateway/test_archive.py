from __future__ import annotations

import asyncio
import base64

import pytest

from samstad_signals.domain.parameters import difference
from samstad_signals.service.archive import Archive, VersionUnknown

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
CHANGED = ("parameters", "parametersChanged")


@pytest.fixture
def archive(room):
    return archive_in(room)


def archive_in(room):
    archive = Archive(room.street.fleet, room.street.supervisor, room.keeping, now_us=room.now_us)
    room.street.supervisor.on_parameters = archive.arrived
    return archive


async def until_archived(room, archive, count):
    await room.street.until(lambda: room.street.state(SITE).checksum is not None)
    for _ in range(500):
        await archive.look()
        if len(archive.versions(SITE)) == count:
            return
        room.ahead_us += 1_000_000
        await asyncio.sleep(0.02)
    raise AssertionError(archive.versions(SITE))


async def test_parameters_are_archived_and_a_change_is_told_with_its_difference(room, archive):
    await until_archived(room, archive, 1)
    (first,) = archive.versions(SITE)
    assert first.checksum == room.street.state(SITE).checksum
    assert b"security_codes" not in first.content
    assert CHANGED not in room.street.fleet.junction(SITE).alerts
    room.street.devices[SITE].controller.programs[1].offset_s = 33  # somebody works at the panel
    await room.street.until(lambda: room.street.state(SITE).checksum != first.checksum)
    await until_archived(room, archive, 2)
    second = archive.versions(SITE)[1]
    alert = room.street.fleet.alert(SITE, CHANGED)
    assert (alert.active, alert.acknowledged) == (False, False)
    found = difference(first, second)
    assert not found.same
    assert any('"offset":33' in line for line in found.lines if line.startswith("+"))

    again = archive_in(room)
    await again.load()
    await again.look()
    assert again.versions(SITE) == archive.versions(SITE)
    assert room.street.fleet.alert(SITE, CHANGED).occurrences == alert.occurrences
    with pytest.raises(VersionUnknown, match="no parameters 'x'"):
        again.version(SITE, "x")


async def test_what_is_no_base64_is_counted_and_not_archived(room, archive):
    await until_archived(room, archive, 1)
    room.street.fleet.junction(SITE).state = room.street.state(SITE)._replace(checksum="other")
    archive.arrived(SITE, "###", "1")
    archive.arrived("nowhere", base64.b64encode(b"x").decode(), "1")
    await archive.look()
    assert archive.unreadable == 1
    assert len(archive.versions(SITE)) == 1

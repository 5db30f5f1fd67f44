"""Our own district at real speed, its controllers linked to a supervisor over RSMP."""

import asyncio

import pytest

from samstad_rsmp.emulator.controller import Mode
from samstad_rsmp.session.supervisor import Wish
from samstad_rsmp.shell.server import ServerTerms, SupervisorServer
from samstad_signals.simulation.district.street import Terms, junction_names, run_district

SITES = [f"RN+SI{number:04}" for number in range(1, 21)]


async def until(condition, within_s=60.0):
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # it looks from outside
            await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.system
async def test_twenty_junctions_speak_rsmp_and_go_on_without_a_supervisor():
    pytest.importorskip("libsumo", reason="libsumo is not installed")
    server = SupervisorServer(ServerTerms(), told=lambda _site, _event: None)
    server.wishes_for = lambda _site: [Wish("TC", "S0001", "signalgroupstatus")]
    port = await server.start(port=0)
    ended = asyncio.Event()
    controllers = {}
    street = asyncio.create_task(run_district(Terms(SITES, port), ended, controllers=controllers))
    try:
        await until(lambda: sorted(server.connected) == SITES)
        key = ("TC", "S0001", "signalgroupstatus")
        await until(lambda: all(key in server.book(site).statuses for site in SITES))
        await until(lambda: all(one.mode is Mode.NORMAL for one in controllers.values()))
    finally:
        await server.stop()
    await asyncio.sleep(3)
    assert not street.done()  # the supervisor is gone, and the street goes on
    ended.set()
    run = await street
    assert run.violations == []
    assert run.steps > 3
    assert sorted(controllers) == sorted(junction_names())


def test_it_needs_a_site_id_for_each_junction():
    assert len(junction_names()) == len(set(junction_names())) == 20
    assert "5.0" not in junction_names()

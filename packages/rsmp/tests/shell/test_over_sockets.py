import asyncio
import contextlib

import pytest
import trustme

from samstad_rsmp.errors import NotNow
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.events import Closed, Garbled, Ready, Received
from samstad_rsmp.session.link import Identity, Timing
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import Wish
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id
from samstad_rsmp.shell.disk_buffer import DiskBuffer
from samstad_rsmp.shell.server import Lost, ServerTerms, SupervisorServer
from samstad_rsmp.shell.tls import client_context, server_context
from samstad_rsmp.testing import PlainDevice

pytestmark = pytest.mark.system
PACE = Pace(tick_ms=10, first_s=0.02, most_s=0.1)


class Street(PlainDevice):
    """A device whose alarms a test makes happen."""

    def __init__(self):
        super().__init__()
        self.happened = []
        self.restarts = 0

    def advance(self, now_ms, *, connected):
        del connected
        happened, self.happened = self.happened, []
        done = [(event, self.alarms.happen(event, *where, now_ms=now_ms)) for event, where in happened]
        return [(event, state) for event, state in done if state is not None]


async def until(condition, within_s=5.0):
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # it looks from outside
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def serving(terms=None, port=0, told=lambda _site, _event: None):
    server = SupervisorServer(terms or ServerTerms(), told=told)
    server.port = await server.start(port=port)
    try:
        yield server
    finally:
        await server.stop()
        assert server.links == 0


@contextlib.asynccontextmanager
async def site(port, site_id="RN+SI0001", *, cores=("3.2.2",), sxl="1.2.1", buffer=None, **link):
    device = Street()
    terms = SiteTerms(Identity((site_id,), (sxl,), cores), primary=link.pop("primary", True))
    session = SiteSession(device, terms, new_id=new_message_id, buffer=buffer)
    client = SiteClient(device, [Supervisor(session, port=port, **link)], pace=PACE)
    client.device, client.session = device, session
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_site_comes_up_is_subscribed_to_and_obeys():
    async with serving() as server, site(server.port) as client:
        await until(lambda: server.connected == ["RN+SI0001"])
        server.speak("RN+SI0001", lambda s, now: s.subscribe([Wish("TC", "S0014", "status")], now_ms=now))
        key = ("TC", "S0014", "status")
        await until(lambda: key in server.book("RN+SI0001").statuses)
        client.device.values["TC", "S0014"]["status"] = "5"
        await until(lambda: server.book("RN+SI0001").statuses[key].value == "5")
        client.device.happened.append((AlarmEvent.ACTIVATE, ("TC", "A0009")))
        await until(lambda: server.book("RN+SI0001").alarms["TC", "A0009"].active == "Active")
        with pytest.raises(NotNow, match="site RN\\+SI0002 is not connected"):
            server.speak("RN+SI0002", lambda s, now: s.request_aggregated("TC", now_ms=now))


async def test_sites_of_every_version_are_served_side_by_side():
    pairs = {
        "3.1.2": "1.0.7", "3.1.3": "1.0.10", "3.1.4": "1.0.14", "3.1.5": "1.0.15",
        "3.2.0": "1.1.0", "3.2.1": "1.2.1", "3.2.2": "1.2.1",
    }  # fmt: skip
    seen = {}
    wrong = []

    def told(site_id, event):
        if isinstance(event, Ready):
            seen[site_id] = (event.core.name, event.sxl)
        if isinstance(event, Closed | Garbled):
            wrong.append((site_id, event))

    async with serving(told=told) as server, contextlib.AsyncExitStack() as stack:
        server.wishes_for = lambda _site: [Wish("TC", "S0014", "status"), Wish("TC", "S0014", "source")]
        for core, sxl in pairs.items():
            await stack.enter_async_context(site(server.port, f"SI{core}", cores=(core,), sxl=sxl))
        await until(lambda: len(server.connected) == len(pairs))
        for core in pairs:
            await until(lambda c=core: ("TC", "S0014", "status") in server.book(f"SI{c}").statuses)
            await until(lambda c=core: len(server.book(f"SI{c}").alarms) == 3)
        assert seen == {f"SI{core}": (core, sxl) for core, sxl in pairs.items()}
        assert ("TC", "S0014", "source") not in server.book("SI3.1.5").statuses  # its SXL has none
    assert wrong == []


async def test_what_was_missed_while_the_supervisor_was_gone_comes_after(tmp_path):
    buffer = DiskBuffer(tmp_path / "main.buffer")
    async with contextlib.AsyncExitStack() as street:
        async with serving() as server:
            client = await street.enter_async_context(site(server.port, buffer=buffer))
            port = server.port
            await until(lambda: bool(server.connected))
            wish = [Wish("TC", "S0014", "status")]
            server.speak("RN+SI0001", lambda s, now: s.subscribe(wish, now_ms=now))
            await until(lambda: bool(server.book("RN+SI0001").statuses))
        for plan in ("6", "7", "8"):
            client.device.values["TC", "S0014"]["status"] = plan
            await asyncio.sleep(0.05)
        client.device.happened.append((AlarmEvent.ACTIVATE, ("TC", "A0009")))
        await until(lambda: len(buffer) == 4)
        assert (tmp_path / "main.buffer").stat().st_size > 0
        updates = []

        def told(_site, event):
            if isinstance(event, Received) and type(event.message).__name__ == "StatusUpdate":
                updates.extend((one.value, one.quality) for one in event.message.values)

        async with serving(port=port, told=told) as server:
            await until(lambda: len(buffer) == 0)
            assert updates == [("6", "old"), ("7", "old"), ("8", "old")]
            assert server.book("RN+SI0001").alarms["TC", "A0009"].active == "Active"
    buffer.close()


async def test_a_site_that_restarts_drops_its_links_and_knows_no_subscriptions_afterwards():
    events = []
    async with serving(told=lambda _site, event: events.append(event)) as server, site(server.port) as client:
        await until(lambda: bool(server.connected))
        server.speak("RN+SI0001", lambda s, now: s.subscribe([Wish("TC", "S0014", "status")], now_ms=now))
        await until(lambda: len(client.session.subscriptions) == 1)
        server.book("RN+SI0001").wishes.clear()
        client.device.restarts += 1
        await until(lambda: any(isinstance(event, Lost) for event in events))
        await until(lambda: bool(server.connected))
        assert len(client.session.subscriptions) == 0


async def test_the_newer_connection_of_a_site_holds():
    events = []
    async with serving(told=lambda _site, event: events.append(event)) as server:
        _, first = await asyncio.open_connection("127.0.0.1", server.port)
        async with site(server.port), site(server.port):
            await until(lambda: any(isinstance(event, Lost) for event in events))
            lost = next(event for event in events if isinstance(event, Lost))
            assert lost.reason == "site RN+SI0001 has connected again"
            assert server.connected == ["RN+SI0001"]
        first.close()


async def test_too_many_links_are_turned_away_and_the_others_stay():
    async with serving(ServerTerms(most_links=1)) as server, site(server.port):
        await until(lambda: bool(server.connected))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        assert server.connected == ["RN+SI0001"]


async def test_junk_and_silence_end_without_harm():
    terms = ServerTerms(timing=Timing(handshake_ms=200))
    async with serving(terms) as server, site(server.port):
        await until(lambda: bool(server.connected))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x0c\x0cGET / HTTP/1.1\r\n\r\n\x0c{}\x0c" + b"\xff" * 5000)
        assert await asyncio.wait_for(reader.read(), 2) == b""  # given up after the handshake's time
        writer.close()
        assert server.connected == ["RN+SI0001"]


def issued(authority, tmp_path, name):
    certificate = authority.issue_cert("localhost", common_name=name)
    paths = (tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
    certificate.cert_chain_pems[0].write_to_path(paths[0])
    certificate.private_key_pem.write_to_path(paths[1])
    return {"certificate": paths[0], "key": paths[1]}


async def test_tls_names_both_ends(tmp_path):
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    known = {"authority": tmp_path / "ca.pem"}
    context = server_context(**issued(authority, tmp_path, "centre"), **known)
    terms = ServerTerms(tls=context, by_certificate=True)
    ours = client_context(**issued(authority, tmp_path, "RN+SI0001"), **known)
    theirs = client_context(**issued(stranger, tmp_path, "RN+SI0002"), **known)
    reasons = []

    def told(_site, event):
        if isinstance(event, Closed):
            reasons.append(event.reason)

    async with serving(terms, told=told) as server:
        name = {"server_name": "localhost"}
        async with (
            site(server.port, "RN+SI0001", tls=ours, **name),
            site(server.port, "RN+SI0002", tls=theirs, **name),
            site(server.port, "RN+SI0003", tls=ours, **name),
            site(server.port, "RN+SI0004"),
        ):
            await until(lambda: bool(server.connected))
            await until(lambda: "unknown site id RN+SI0003" in reasons)
            assert server.connected == ["RN+SI0001"]
            (link,) = list(server._sites.values())
            assert link.transport.get_extra_info("ssl_object").version() == "TLSv1.3"


@pytest.mark.parametrize(("failures", "expected"), [(0, 1.0), (1, 2.0), (3, 8.0), (4, 10.0), (1000, 10.0)])
def test_the_wait_grows_to_its_bound(failures, expected):
    assert Pace().wait_s(failures, 0.0) == expected
    assert Pace().wait_s(failures, 1.0) == pytest.approx(expected * 0.8)


async def test_only_known_sites_are_served_and_who_is_known_can_change():
    async with serving() as server, site(server.port, "A"), site(server.port, "B"):
        await until(lambda: server.connected == ["A", "B"])
        server.know(["B", "C"])
        await until(lambda: server.connected == ["B"])
        server.know([])
        await until(lambda: server.connected == [])
        server.know(["A"])
        await until(lambda: server.is_up("A"))
        assert not server.is_up("B")


async def test_values_of_kept_subscriptions_can_be_asked_for():
    async with serving() as server, site(server.port) as client:
        key, traffic = ("TC", "S0014", "status"), ("DL1", "S0201", "vehicles")
        wishes = [Wish(*key), Wish(*traffic, 60, on_change=False)]
        await until(lambda: server.connected == ["RN+SI0001"])
        server.speak("RN+SI0001", lambda s, now: s.refresh(wishes, now_ms=now) or "")
        await until(lambda: key in server.book("RN+SI0001").statuses)
        assert traffic not in server.book("RN+SI0001").statuses
        assert not client.session.subscriptions.is_due(2**62)

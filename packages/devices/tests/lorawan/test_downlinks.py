"""Downlinks over real sockets to servers that answer as ChirpStack and The Things Stack do, or misbehave."""

from __future__ import annotations

import base64

import pytest
from aiohttp import web

from samstad_devices.domain.identifiers import Identifier
from samstad_devices.gateway.lorawan.downlinks import LorawanRoute, read_server
from samstad_devices.spi.routes import Downlink, RouteAway, RouteRefused

DEVICE = "urn:ngsi-ld:Device:a:1"
EUI = Identifier("devEUI", "70B3D57ED0000001")


def downlink(*identifiers: Identifier) -> Downlink:
    return Downlink(
        reference="urn:ngsi-ld:Command:a:1",
        device_id=DEVICE,
        identifiers=frozenset(identifiers or (EUI,)),
        way="lorawan/city",
        payload=b"\x01\xff",
        port=5,
        is_acknowledged=True,
        ends_us=0,
    )


class Network:
    """Takes down what it is asked, and answers what it is told to."""

    def __init__(self) -> None:
        self.asked, self.status, self.body = [], 200, '{"id": "q-1"}'

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path, dict(request.headers), await request.json()))
        if self.status == 0:
            request.transport.abort()
        return web.Response(status=self.status or 200, text=self.body)


@pytest.fixture
async def network():
    network = Network()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", network.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    network.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    yield network
    await runner.cleanup()


@pytest.fixture
async def route_to(network, tmp_path):
    file = tmp_path / "token"
    file.write_text("t0ken\n")
    made = []

    def make(kind: str, path: str = "", url: str = "") -> LorawanRoute:
        made.append(LorawanRoute([read_server(f"city {kind} {url or network.url}{path} {file}")]))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_chirpstack_queues_it_and_names_it(network, route_to):
    route = route_to("chirpstack")
    assert route.is_open(DEVICE, "lorawan/city")
    assert not route.is_open(DEVICE, "lorawan/other")
    assert not route.is_open(DEVICE, "")
    assert await route.send(downlink()) == "q-1"
    ((method, path, headers, body),) = network.asked
    assert (method, path) == ("POST", "/api/devices/70b3d57ed0000001/queue")
    assert headers["Grpc-Metadata-Authorization"] == "Bearer t0ken"
    assert body == {"queueItem": {"confirmed": True, "data": "Af8=", "fPort": 5}}


async def test_the_things_stack_pushes_it_under_a_name_of_ours(network, route_to):
    route = route_to("the-things-stack", "/api/v3/as/applications/a/webhooks/w")
    network.body = "{}"
    assert await route.send(downlink()) == "samstad:urn:ngsi-ld:Command:a:1"
    own = Identifier("networkDeviceId", "lamp 7")
    await route.send(downlink(EUI, own))
    (_, path, headers, body), (_, own_path, _, _) = network.asked
    assert path == "/api/v3/as/applications/a/webhooks/w/devices/eui-70b3d57ed0000001/down/push"
    assert own_path.endswith("/devices/lamp 7/down/push")
    assert headers["Authorization"] == "Bearer t0ken"
    (item,) = body["downlinks"]
    assert base64.b64decode(item["frm_payload"]) == b"\x01\xff"
    assert item["correlation_ids"] == ["samstad:urn:ngsi-ld:Command:a:1"]


@pytest.mark.parametrize(
    ("status", "error"), [(429, RouteAway), (503, RouteAway), (404, RouteRefused), (302, RouteRefused)]
)
async def test_an_answer_that_says_it_was_not_taken_is_believed(network, route_to, status, error):
    network.status, network.body = status, "no such device"
    with pytest.raises(error, match=str(status)):
        await route_to("chirpstack").send(downlink())


@pytest.mark.parametrize("status", [500, 502, 504, 0])
async def test_what_may_have_been_taken_counts_as_sent_so_that_it_is_said_once(network, route_to, status):
    network.status, network.body = status, "what now"
    assert await route_to("chirpstack").send(downlink()) == ""
    assert len(network.asked) == 1


async def test_nobody_there_means_not_sent_and_no_deveui_means_never(network, route_to):
    with pytest.raises(RouteAway, match="cannot be reached"):
        await route_to("chirpstack", url="http://127.0.0.1:9").send(downlink())
    with pytest.raises(RouteRefused, match="DevEUI"):
        await route_to("chirpstack").send(downlink(Identifier("serialNumber", "1")))
    assert network.asked == []


def test_a_server_is_one_line_and_its_token_never_in_it(tmp_path):
    file = tmp_path / "token"
    file.write_text("t0ken")
    assert "t0ken" not in repr(read_server(f"city chirpstack https://lns.example.org/ {file}"))
    (tmp_path / "bad").write_text("a\nb")
    for wrong in (
        "city chirpstack https://h",
        f"city loriot https://h {file}",
        f"city chirpstack ftp://h {file}",
        f"city chirpstack https://u:p@h {file}",
        f"city chirpstack https://h {tmp_path}/none",
        f"city chirpstack https://h {tmp_path}/bad",
    ):
        with pytest.raises(ValueError, match=r"write|takes no|no http|token"):
            read_server(wrong)

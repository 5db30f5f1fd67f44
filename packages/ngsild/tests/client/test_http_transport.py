"""A broker that is slow, gone, overloaded or wordy, and what a service is told of it."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from samstad_ngsild.client import Ask, HttpSettings, HttpTransport, Unreachable

PAUSES = HttpSettings(tries=3, pause_s=0.1, timeout_s=5.0)


class Broker:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.asked: list[web.Request] = []
        self.hangs = False
        self.ends = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.hangs:
            await self.ends.wait()
        return self.answers.pop(0) if self.answers else web.Response(text="{}")


@pytest.fixture
async def broker():
    broker = Broker()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", broker.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    broker.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield broker
    broker.ends.set()
    await runner.cleanup()


@pytest.fixture
async def reach():
    made: list[HttpTransport] = []
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    def make(url: str, settings: HttpSettings = PAUSES, **more) -> HttpTransport:
        transport = HttpTransport(url, settings=settings, sleep=sleep, chance=lambda: 0.5, **more)
        made.append(transport)
        return transport

    make.paused = paused
    yield make
    for transport in made:
        await transport.close()


async def test_paths_stay_encoded_and_queries_are_encoded_once(broker, reach):
    ask = Ask("GET", "/entities/urn%3Aa%2Fb", [("q", 'name=="Å;|&"')])
    answer = await reach(broker.url).send(ask)
    assert answer.status == 200
    assert broker.asked[0].raw_path == ("/ngsi-ld/v1/entities/urn%3Aa%2Fb?q=name%3D%3D%22%C3%85%3B%7C%26%22")


async def test_the_root_is_added_only_where_it_is_missing(broker, reach):
    await reach(broker.url + "/ngsi-ld/v1/").send(Ask("GET", "/types"))
    assert broker.asked[0].path == "/ngsi-ld/v1/types"


async def test_credentials_are_asked_for_each_time_and_win_over_other_headers(broker, reach):
    keys = iter(["old", "new"])
    transport = reach(broker.url, credentials=lambda: {"X-API-Key": next(keys)})
    await transport.send(Ask("GET", "/types"))
    await transport.send(Ask("GET", "/types"))
    assert [request.headers["X-API-Key"] for request in broker.asked] == ["old", "new"]


async def test_an_overloaded_broker_is_asked_again_when_it_wishes(broker, reach):
    broker.answers = [web.Response(status=503, headers={"Retry-After": "2"}), web.Response(status=429)]
    answer = await reach(broker.url).send(Ask("POST", "/entities", body=b"{}"))
    assert (answer.status, len(broker.asked)) == (200, 3)
    assert reach.paused == [2.0, 1.0]


async def test_a_broker_that_stays_overloaded_is_left_alone_in_the_end(broker, reach):
    broker.answers = [web.Response(status=503) for _ in range(3)]
    assert (await reach(broker.url).send(Ask("GET", "/types"))).status == 503
    assert len(broker.asked) == 3


async def test_no_other_refusal_is_tried_again(broker, reach):
    broker.answers = [web.Response(status=409)]
    assert (await reach(broker.url).send(Ask("POST", "/entities", body=b"{}"))).status == 409
    assert len(broker.asked) == 1


async def test_what_may_have_been_done_is_not_sent_twice(broker, reach):
    broker.hangs = True
    transport = reach(broker.url, HttpSettings(tries=3, timeout_s=0.2))
    with pytest.raises(Unreachable, match="no whole answer"):
        await transport.send(Ask("POST", "/entities", body=b"{}"))
    assert len(broker.asked) == 1
    with pytest.raises(Unreachable):
        await transport.send(Ask("DELETE", "/entities/urn:a"))
    assert len(broker.asked) == 4


async def test_nobody_there_is_told_after_all_tries_also_for_a_create(reach):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        transport = reach(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unreachable, match="cannot be reached"):
            await transport.send(Ask("POST", "/entities", body=b"{}"))
    assert reach.paused == [0.1, 0.2]


async def test_an_answer_without_end_is_cut_off(broker, reach):
    broker.answers = [web.Response(body=b"x" * 2000)]
    transport = reach(broker.url, HttpSettings(tries=1, answer_bytes=1000))
    with pytest.raises(Unreachable, match="more than 1000 bytes"):
        await transport.send(Ask("GET", "/entities"))


async def test_a_redirect_is_not_followed(broker, reach):
    broker.answers = [web.Response(status=302, headers={"Location": "http://169.254.169.254/"})]
    assert (await reach(broker.url).send(Ask("GET", "/types"))).status == 302


@pytest.mark.parametrize("url", ["ftp://node", "node:8080", "http://", "http://node/?a=1", "http://u:p@node"])
def test_what_is_no_url_of_a_broker_is_refused_without_repeating_a_password(url):
    with pytest.raises(ValueError, match=r"broker|password") as caught:
        HttpTransport(url)
    assert "u:p" not in str(caught.value)

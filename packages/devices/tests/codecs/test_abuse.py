"""What a codec may do to others: nothing."""

from __future__ import annotations

import asyncio

import pytest

from samstad_devices.domain.codec import Codec, Frame
from samstad_devices.domain.errors import CodecExceeded, CodecFailed, CodecRefused, CodecThrew

GOOD = Codec("function decodeUplink(i) { return { data: i.bytes.length }; }")
LOOP = Codec("function decodeUplink(i) { while (true) {} }")
FRAME = Frame(payload=b"abc")

ABUSE = {
    "loop": "function decodeUplink(i) { while (true) {} }",
    "recursion": "function f() { return f() + 1; } function decodeUplink(i) { return f(); }",
    "memory": "function decodeUplink(i) { const a = []; while (true) a.push(new Array(1e5).fill(1)); }",
    "text": "function decodeUplink(i) { let s = 'x'; while (true) s += s; }",
    "regular expression": "function decodeUplink(i) { return /(a+)+b/.test('a'.repeat(60)); }",
    "output": "function decodeUplink(i) { return { data: 'x'.repeat(1e6) }; }",
    "sort": "function decodeUplink(i) { [1, 2].sort(() => { while (true) {} }); }",
    "toJSON": "function decodeUplink(i) { return { data: { toJSON() { while (true) {} } } }; }",
    "as it loads": "while (true) {}",
}


@pytest.mark.parametrize("name", sorted(ABUSE))
async def test_abuse_is_stopped_and_the_next_frame_is_decoded(pool, name, monkeypatch):
    # A busy machine may take longer than the engine's own limit: the process must not be given up for that.
    monkeypatch.setattr("samstad_devices.gateway.codecs.process._GRACE_S", 60.0)
    with pytest.raises(CodecFailed) as stopped:
        await pool.decode(Codec(ABUSE[name]), FRAME)
    assert isinstance(stopped.value, CodecExceeded)
    assert (await pool.decode(GOOD, FRAME)).data == 3
    assert pool.figures()["process_starts"] == 1


@pytest.mark.parametrize(
    "name", ["std", "os", "process", "fetch", "XMLHttpRequest", "setTimeout", "import_", "Deno"]
)
async def test_there_is_no_way_out(decoded, name):
    source = f"function decodeUplink(i) {{ return {{ data: typeof {name} }}; }}"
    assert (await decoded(source)).data == "undefined"


async def test_there_are_no_modules_to_load(decoded):
    with pytest.raises(CodecThrew, match="no module fs"):
        await decoded('function decodeUplink(i) { return require("fs"); }')
    with pytest.raises(CodecRefused):
        await decoded('import * as os from "os"; function decodeUplink(i) { return 1; }')


async def test_one_codec_does_not_see_what_another_did(decoded):
    await decoded(
        "Array.prototype.at = () => 666; globalThis.seen = 1; function decodeUplink(i) { return 1; }"
    )
    source = "function decodeUplink(i) { return { data: [typeof seen, [7].at(0)] }; }"
    assert (await decoded(source)).data == ["undefined", 7]


async def test_a_codec_that_exceeds_again_and_again_is_paused_and_others_are_not(pool_of, clock):
    pool = pool_of(time_ms=20, failures=2, pause_s=60)
    for _ in range(2):
        with pytest.raises(CodecExceeded, match="interrupted"):
            await pool.decode(LOOP, FRAME)
    with pytest.raises(CodecExceeded, match="paused for 60 s"):
        await pool.decode(LOOP, FRAME)
    assert pool.figures()["paused"] == 1
    assert (await pool.decode(GOOD, FRAME)).data == 3
    clock.ahead_s = 61
    with pytest.raises(CodecExceeded, match="interrupted"):
        await pool.decode(LOOP, FRAME)


async def test_a_codec_that_throws_is_not_paused(pool_of):
    pool = pool_of(failures=1)
    thrower = Codec("function decodeUplink(i) { if (i.bytes.length > 1) throw Error('x'); return 1; }")
    for _ in range(3):
        with pytest.raises(CodecThrew):
            await pool.decode(thrower, FRAME)
    assert (await pool.decode(thrower, Frame(payload=b"a"))).data == 1


async def test_in_a_batch_only_the_bad_frame_fails(pool):
    source = "function decodeUplink(i) { while (i.bytes[0] == 7) {} return { data: i.bytes[0] }; }"
    codec = Codec(source)
    frames = [Frame(payload=bytes([number])) for number in range(12)]
    found = await asyncio.gather(*(pool.decode(codec, frame) for frame in frames), return_exceptions=True)
    assert isinstance(found[7], CodecExceeded)
    assert [one.data for one in found[:7] + found[8:]] == [n for n in range(12) if n != 7]


async def test_frames_beyond_what_may_wait_are_refused(pool_of):
    pool = pool_of(waiting=5, time_ms=50)
    found = await asyncio.gather(*(pool.decode(GOOD, FRAME) for _ in range(9)), return_exceptions=True)
    refused = [one for one in found if isinstance(one, CodecExceeded)]
    assert len(refused) == 4
    assert "as many as may" in refused[0].detail


async def test_codecs_take_turns(pool_of):
    pool = pool_of(batch=4)
    order: list[str] = []

    async def run(name: str, codec: Codec) -> None:
        await pool.decode(codec, FRAME)
        order.append(name)

    other = Codec("function decodeUplink(i) { return 2; }")
    crowd = [run("crowd", GOOD) for _ in range(40)]
    await asyncio.gather(*crowd, run("single", other))
    assert order.index("single") < 12


async def test_more_codecs_than_may_stay_loaded(pool_of):
    pool = pool_of(resident=3)
    codecs = [Codec(f"function decodeUplink(i) {{ return {{ data: {number} }}; }}") for number in range(8)]
    for _ in range(2):
        found = await asyncio.gather(*(pool.decode(codec, FRAME) for codec in codecs))
        assert [one.data for one in found] == list(range(8))


async def test_what_a_codec_keeps_is_bounded_by_its_uses(pool_of):
    pool = pool_of(uses=4, batch=64)
    counter = Codec("let n = 0; function decodeUplink(i) { return { data: ++n }; }")
    found = await asyncio.gather(*(pool.decode(counter, FRAME) for _ in range(10)))
    assert [one.data for one in found] == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]


async def test_a_process_that_is_killed_is_started_again_and_no_frame_is_lost(pool):
    assert (await pool.decode(GOOD, FRAME)).data == 3
    process = pool._processes[0]._process
    waiting = [asyncio.create_task(pool.decode(GOOD, FRAME)) for _ in range(20)]
    process.kill()
    found = await asyncio.gather(*waiting)
    assert [one.data for one in found] == [3] * 20
    assert pool.figures()["process_starts"] >= 2


async def test_a_caller_that_goes_away_leaves_the_others(pool):
    await pool.decode(GOOD, FRAME)
    gone = asyncio.create_task(pool.decode(GOOD, FRAME))
    stays = asyncio.create_task(pool.decode(GOOD, FRAME))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).data == 3
    assert gone.cancelled() or gone.cancelling()

"""Codecs in every form that vendors write them in."""

from __future__ import annotations

import pytest

from samstad_devices.domain.codec import Codec, Decoded, Encoded
from samstad_devices.domain.errors import CodecRefused, CodecThrew

TEMPERATURE = """
function decodeUplink(input) {
  return { data: { temperature: (input.bytes[0] << 8 | input.bytes[1]) / 100 }, warnings: ["calibrate"] };
}
"""


async def test_a_codec_of_ts013(decoded):
    assert await decoded(TEMPERATURE) == Decoded({"temperature": 32.84}, ("calibrate",))


@pytest.mark.parametrize(
    "source",
    [
        "function Decoder(bytes, port) { return { first: bytes[0], port: port }; }",
        "function Decode(fPort, bytes, variables) { return { first: bytes[0], port: fPort }; }",
        "const decodeUplink = ({ bytes, fPort }) => ({ data: { first: bytes[0], port: fPort } });",
        "exports.decodeUplink = (input) => ({ data: { first: input.bytes[0], port: input.fPort } });",
        "module.exports = { decodeUplink: function (i) { return { first: i.bytes[0], port: i.fPort }; } };",
        "let n; function decodeUplink(i) { n = i.bytes[0]; return { data: { first: n, port: i.fPort } }; }",
    ],
)
async def test_older_and_other_forms(decoded, source):
    assert (await decoded(source, b"\x07", port=5)).data == {"first": 7, "port": 5}


async def test_what_a_codec_is_told_besides_the_bytes(decoded):
    source = """function decodeUplink(input) {
      const { recvTime, variables, fPort } = input;
      return { data: { at: recvTime.toISOString(), height: variables.height, port: fPort } };
    }"""
    found = await decoded(source, time_us=1_795_574_400_123_456, variables={"height": "3"})
    assert found.data == {"at": "2026-11-25T02:40:00.123Z", "height": "3", "port": 0}


async def test_a_codec_that_refuses_a_frame_says_why(decoded):
    with pytest.raises(CodecThrew, match="too short; give two"):
        await decoded('function decodeUplink(i) { return { errors: ["too short", "give two"] }; }')
    with pytest.raises(CodecThrew, match="Error: bad length"):
        await decoded('function decodeUplink(i) { throw new Error("bad length"); }')


@pytest.mark.parametrize("source", ["var x = 1;", "", "function decodeuplink(i) {}"])
async def test_a_codec_that_decodes_nothing_is_refused(decoded, source):
    with pytest.raises(CodecRefused, match="no function for decodeUplink"):
        await decoded(source)


async def test_a_codec_that_does_not_compile_is_refused_with_the_reason(decoded):
    with pytest.raises(CodecRefused, match="SyntaxError"):
        await decoded("function decodeUplink( {")


async def test_a_downlink_is_encoded(pool):
    codec = Codec("function encodeDownlink(i) { return { bytes: [i.data.dim, 1], fPort: 10 }; }")
    assert await pool.encode(codec, {"dim": 40}) == Encoded(b"\x28\x01", 10)
    older = Codec("function Encoder(object, port) { return [object.dim, port]; }")
    assert await pool.encode(older, {"dim": 40}, port=3) == Encoded(b"\x28\x03", 3)
    with pytest.raises(CodecRefused):
        await pool.encode(Codec(TEMPERATURE), {})


@pytest.mark.parametrize(
    "told", ["[300]", '["a"]', "Array(300).fill(1)", "[1], fPort: 255", "[1], fPort: 'x'"]
)
async def test_a_downlink_that_no_radio_takes_is_refused(pool, told):
    codec = Codec(f"function encodeDownlink(i) {{ return {{ bytes: {told} }}; }}")
    with pytest.raises(CodecThrew):
        await pool.encode(codec, {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Buffer.from(b).readInt16BE(0)", -2),
        ("Buffer.from(b).readUInt16LE(1)", 0x41FE),
        ("Buffer.from(b).readFloatBE(2)", 8.5),
        ("Buffer.from(b).readUInt8(1)", 254),
        ("Buffer.from(b).readUint8(0)", 255),
        ("Buffer.from(b).toString('hex')", "fffe41080000"),
        ("Buffer.from('fffe', 'hex').length", 2),
        ("Buffer.from('YnVt', 'base64').toString('ascii')", "bum"),
        ("Buffer.from(b).slice(2, 4)[0]", 0x41),
        ("Buffer.concat([Buffer.from([1]), Buffer.alloc(1, 7)])[1]", 7),
        ("require('buffer').Buffer === Buffer", True),
    ],
)
async def test_the_buffer_that_codecs_know_from_elsewhere(decoded, expression, expected):
    source = f"function decodeUplink(i) {{ const b = i.bytes; return {{ data: {expression} }}; }}"
    assert (await decoded(source, bytes.fromhex("fffe41080000"))).data == expected


async def test_values_that_json_does_not_have(decoded):
    source = "function decodeUplink(i) { return { data: { a: NaN, b: undefined, c: [Infinity] } }; }"
    assert (await decoded(source)).data == {"a": None, "c": [None]}
    with pytest.raises(CodecThrew, match="BigInt"):
        await decoded("function decodeUplink(i) { return { data: 10n }; }")

"""Bytes that two readers could understand differently are refused, and end the connection (RFC 9112)."""

from __future__ import annotations

import pytest

CHUNKED = "Transfer-Encoding: chunked\r\n"
H = "Host: a\r\n"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

P = f"POST / HTTP/1.1\r\n{H}"

CASES = {
    "length and chunked": f"{P}Content-Length: 5\r\n{CHUNKED}\r\n0\r\n\r\n{SMUGGLED}",
    "chunked and length": f"{P}{CHUNKED}Content-Length: 5\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "two lengths": f"{P}Content-Length: 0\r\nContent-Length: 5\r\n\r\n{SMUGGLED}",
    "one length twice": f"{P}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
    "a list of lengths": f"{P}Content-Length: 0, 5\r\n\r\n{SMUGGLED}",
    "a signed length": f"{P}Content-Length: +0\r\n\r\n{SMUGGLED}",
    "a negative length": f"{P}Content-Length: -1\r\n\r\n{SMUGGLED}",
    "a hexadecimal length": f"{P}Content-Length: 0x0\r\n\r\n{SMUGGLED}",
    "an empty length": f"{P}Content-Length:\r\n\r\n{SMUGGLED}",
    "a length beyond all": f"{P}Content-Length: {'9' * 40}\r\n\r\n{SMUGGLED}",
    "a space before the colon": f"{P}Content-Length : 5\r\n\r\n{SMUGGLED}",
    "another coding": f"{P}Transfer-Encoding: gzip\r\n\r\n{SMUGGLED}",
    "a coding before chunked": f"{P}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a coding after chunked": f"{P}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "nearly chunked": f"{P}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "chunked twice": f"{P}{CHUNKED}{CHUNKED}\r\n0\r\n\r\n{SMUGGLED}",
    "identity and chunked": f"{P}Transfer-Encoding: identity\r\n{CHUNKED}\r\n0\r\n\r\n{SMUGGLED}",
    "chunked behind a tab": f"{P}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "chunked in HTTP/1.0": (
        f"POST / HTTP/1.0\r\n{H}{CHUNKED}Connection: keep-alive\r\n\r\n0\r\n\r\n{SMUGGLED}"
    ),
    "a folded header": f"{P}X: a\r\n b\r\n\r\n{SMUGGLED}",
    "a folded coding": f"{P}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a header that begins with a space": f"POST / HTTP/1.1\r\n X: a\r\n{H}\r\n{SMUGGLED}",
    "bare line feeds": f"POST / HTTP/1.1\nHost: a\n\n{SMUGGLED}",
    "a bare line feed in a header": f"{P}X: a\nY: b\r\n\r\n{SMUGGLED}",
    "a bare carriage return": f"{P}X: a\rb\r\n\r\n{SMUGGLED}",
    "a NUL": f"{P}X: a\x00b\r\n\r\n{SMUGGLED}",
    "a name that is no token": f"{P}X(y): a\r\n\r\n{SMUGGLED}",
    "a chunk size with a space": f"{P}{CHUNKED}\r\n0 \r\n\r\n{SMUGGLED}",
    "a chunk size with 0x": f"{P}{CHUNKED}\r\n0x0\r\n\r\n{SMUGGLED}",
    "a chunk size beyond all": f"{P}{CHUNKED}\r\n{'f' * 17}\r\n\r\n{SMUGGLED}",
    "chunks with bare line feeds": f"{P}{CHUNKED}\r\n1\na\n0\n\n{SMUGGLED}",
    "a chunk that is longer than it says": f"{P}{CHUNKED}\r\n1\r\nab\r\n0\r\n\r\n{SMUGGLED}",
    "a line feed in a chunk extension": f"{P}{CHUNKED}\r\n1;a\nb\r\na\r\n0\r\n\r\n{SMUGGLED}",
    "two hosts": f"GET / HTTP/1.1\r\n{H}{H}\r\n{SMUGGLED}",
    "no host": f"GET / HTTP/1.1\r\n\r\n{SMUGGLED}",
    "HTTP/0.9": f"GET /\r\n\r\n{SMUGGLED}",
    "HTTP/2 in words": f"GET / HTTP/2.0\r\n{H}Connection: keep-alive\r\n\r\n{SMUGGLED}",
    "the preface of HTTP/2": f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{SMUGGLED}",
    "a fragment": f"GET /a#b HTTP/1.1\r\n{H}\r\n{SMUGGLED}",
    "a target of another scheme": f"GET ftp://a/ HTTP/1.1\r\n{H}\r\n{SMUGGLED}",
    "a target without a slash": f"GET a HTTP/1.1\r\n{H}\r\n{SMUGGLED}",
    "a tunnel": f"CONNECT a:80 HTTP/1.1\r\n{H}\r\n{SMUGGLED}",
    "an unknown method": f"BREW / HTTP/1.1\r\n{H}\r\n{SMUGGLED}",
    "an upgrade with content": (
        f"{P}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello{SMUGGLED}"
    ),
    "an unknown expectation": f"{P}Expect: tea\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_it_is_refused_and_nothing_behind_it_is_read(start, name):
    street = await start()
    wire = await street.wire()
    await wire.send(CASES[name])
    status, headers, body = await wire.response()
    assert status in (400, 413, 417, 501, 505), body
    assert headers["connection"] == "close"
    assert b'"detail"' in body
    assert await wire.rest() == b"", "the connection ends"
    assert street.application.seen == []


ALLOWED = {
    "a trailer": f"POST /a HTTP/1.1\r\n{H}{CHUNKED}\r\n1\r\nx\r\n0\r\nAuthorization: y\r\nHost: b\r\n\r\n",
    "a chunk extension": f"POST /a HTTP/1.1\r\n{H}{CHUNKED}\r\n1;a=b\r\nx\r\n0\r\n\r\n",
    "an absolute target": f"GET http://b:80/a?q=1 HTTP/1.1\r\n{H}\r\n",
    "an absolute target without a path": f"GET http://b HTTP/1.1\r\n{H}\r\n",
    "an empty header": f"GET /a HTTP/1.1\r\n{H}X:\r\nY: 1\r\n\r\n",
    "empty lines before": f"\r\n\r\nGET /a HTTP/1.1\r\n{H}\r\n",
    "CHUNKED in capitals": f"POST /a HTTP/1.1\r\n{H}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "the server itself": f"OPTIONS * HTTP/1.1\r\n{H}\r\n",
}


@pytest.mark.parametrize("name", ALLOWED)
async def test_what_only_looks_strange_is_served(start, name):
    street = await start()
    wire = await street.wire()
    await wire.send(ALLOWED[name], f"GET /after HTTP/1.1\r\n{H}\r\n")
    assert (await wire.response())[0] == 200
    assert (await wire.response())[2] == b"GET /after? "
    first = street.application.seen[0]
    assert "authorization" not in first.headers, "a trailer is no header"
    assert first.headers["host"] == "a"
    assert first.body in (b"", b"x")


async def test_an_upgrade_is_not_taken_and_ends_the_connection(start):
    street = await start()
    wire = await street.wire()
    await wire.send(f"GET /a HTTP/1.1\r\n{H}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", SMUGGLED)
    status, headers, _ = await wire.response()
    assert (status, headers["connection"]) == (200, "close")
    assert await wire.rest() == b""
    assert len(street.application.seen) == 1


async def test_a_response_cannot_be_split(start):
    street = await start()
    wire = await street.wire()
    await wire.send(f"GET /inject HTTP/1.1\r\n{H}\r\n")
    status, headers, _ = await wire.response()
    assert status == 500
    assert "set-cookie" not in headers

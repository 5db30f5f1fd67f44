"""Where the issuer's keys come from: files and URLs, within limits."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from joserfc.jwk import RSAKey

from samstad_access.errors import BadInput, KeySetRefused
from samstad_access.gateway.jwks import FileKeys, UrlKeys, key_refresh, key_source
from samstad_access.settings import AccessSettings

DOCUMENT = json.dumps({"keys": [RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)]}).encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {"/jwks": (200, DOCUMENT), "/long": (200, b"x" * 300_000), "/gone": (500, b"")}
        status, body = answers.get(self.path, (302, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/jwks")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Say nothing."""


@pytest.fixture
def issuer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_keys_come_from_a_url_within_limits_and_without_redirects(issuer):
    assert await UrlKeys(issuer + "/jwks").fetch() == DOCUMENT
    for path in ("/long", "/gone", "/moved"):
        with pytest.raises(KeySetRefused):
            await UrlKeys(issuer + path).fetch()


async def test_keys_come_from_a_file(tmp_path):
    (tmp_path / "jwks.json").write_bytes(DOCUMENT)
    assert await FileKeys(tmp_path / "jwks.json").fetch() == DOCUMENT
    with pytest.raises(KeySetRefused, match="missing"):
        await FileKeys(tmp_path / "missing").fetch()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/jwks",
        "ftp://x/y",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.org/jwks",
        "http://127.0.0.1:80@evil.org/jwks",
    ],
)
def test_urls_that_anybody_could_answer_are_refused(url):
    with pytest.raises(KeySetRefused):
        key_source(url)


async def test_the_settings_make_a_refresh_that_feeds_access(build, tmp_path, now_us):
    (tmp_path / "jwks.json").write_bytes(DOCUMENT)
    settings = AccessSettings(issuer="https://i", audience="a", jwks=str(tmp_path / "jwks.json"))
    house = build(settings=settings)
    keys = key_refresh(settings, house.access, cache=tmp_path / "cache.json")
    assert await keys.refresh(now_us=now_us)
    assert house.access.tokens.vouches("a")
    assert not house.access.tokens.vouches("b")
    with pytest.raises(BadInput) as refused:
        key_refresh(AccessSettings(issuer="https://i", audience="a"), house.access, cache=tmp_path / "c")
    assert refused.value.pointer == "access.jwks"

"""From bytes to requests: HTTP/1.x by llhttp in its strict mode, and what it leaves to us (RFC 9112).

llhttp itself refuses bare line feeds, folded headers, a Content-Length that is repeated, signed or stands
beside Transfer-Encoding, spaces before a colon, and malformed chunks. Refused here: transfer codings other
than chunked, chunked content in HTTP/1.0, other versions and methods, a missing or repeated Host, and
whatever is too long. After a refusal nothing more is read from a connection.

    IDLE ──first byte──▶ HEAD ──headers end──▶ BODY ──message ends──▶ IDLE
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from urllib.parse import urlsplit

import httptools
import msgspec

from samstad_broker.http.messages import Request, join_header
from samstad_node.server.settings import ServerSettings

__all__ = ["Incoming", "Phase", "Refusal", "RequestReader"]

_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_MAX_NAMES = 1024

_names: dict[bytes, str] = {}


class Phase(Enum):
    """Where in a request the reader is."""

    IDLE = 0
    HEAD = 1
    BODY = 2


class Incoming(msgspec.Struct, gc=False):
    """A request as it came: whether the connection outlives it, and whether it is HTTP/1.0."""

    request: Request
    keep_alive: bool
    old: bool


class Refusal(Exception):
    """The bytes are no request that we answer; the connection ends with this.

    Status 0 ends it without an answer.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        phase: where in a request it is.
        messages: how many requests have begun.
        received: bytes of content of the present request.
        advanced: whether the last bytes led from one part of a request to another, or were content.

    Args:
        settings: the limits.
        peer: the address of the client.
        deliver: is called with each request when it is complete, and says whether it was taken.
        welcome: is called when a client waits for ``100 Continue`` before it sends its content.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        peer: str,
        deliver: Callable[[Incoming], bool],
        welcome: Callable[[], None],
    ) -> None:
        self.phase = Phase.IDLE
        self.received = 0
        self.messages = 0
        self.advanced = False
        self._settings = settings
        self._peer = peer
        self._deliver = deliver
        self._welcome = welcome
        self._parser = httptools.HttpRequestParser(self)
        self._refusal: Refusal | None = None
        self._silent = 0
        self._begin()

    def feed(self, chunk: bytes) -> None:
        """Read bytes as they came.

        Raises:
            Refusal: they are no request, or one beyond the limits.
        """
        self.advanced = False
        try:
            self._parser.feed_data(chunk)
        except httptools.HttpParserUpgrade:
            raise Refusal(0, "Nothing but HTTP/1.1 is spoken here.") from None
        except httptools.HttpParserError as error:
            raise self._refusal or Refusal(400, f"This is no HTTP/1.1 request: {error}.") from None
        if self.advanced:
            self._silent = 0
        else:
            self._count_silent(len(chunk))

    def _count_silent(self, size: int) -> None:
        """Bound what the parser holds back: a header without end, in the head or after the content."""
        self._silent += size
        if self._silent > self._settings.head_bytes + self._settings.target_bytes:
            raise Refusal(431, "The headers are too long.")

    def _begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_size = 0
        self._keep_alive = True
        self._old = False
        self._body: bytes | bytearray = b""
        self.received = 0

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._begin()
        self.advanced = True
        self.messages += 1
        self.phase = Phase.HEAD

    def on_url(self, part: bytes) -> None:
        """A part of the target."""
        self._target += part
        if len(self._target) > self._settings.target_bytes:
            self._refuse(414, "The request target is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header or a trailer."""
        if self.phase is Phase.BODY:
            return  # a trailer must not become a header (RFC 9110, clause 6.5.1)
        self._head_size += len(name) + len(value)
        headers = self._headers
        if self._head_size > self._settings.head_bytes or len(headers) > self._settings.headers:
            self._refuse(431, "The headers are too many or too long.")
        key = _names.get(name) or _name(name)
        if key in headers:
            if key == "host":
                self._refuse(400, "The header Host is given twice.")
            join_header(headers, key, value.decode("latin-1"))
        else:
            headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The end of the head: everything that can be refused before the content."""
        self.advanced = True
        headers = self._headers
        self._keep_alive = self._parser.should_keep_alive()
        if not self._keep_alive or "connection" in headers:
            self._read_version()
        if "host" not in headers and not self._old:
            self._refuse(400, "An HTTP/1.1 request needs the header Host.")
        self.phase = Phase.BODY
        if "content-length" in headers or "transfer-encoding" in headers:
            self._expect_content(headers)
        if "expect" in headers:
            self._expect(headers)

    def on_body(self, part: bytes) -> None:
        """A part of the content, without its coding."""
        self.advanced = True
        self.received += len(part)
        if self.received > self._settings.body_bytes:
            self._refuse(413, f"The body is larger than {self._settings.body_bytes} bytes.")
        if not self._body:
            self._body = part
        elif isinstance(self._body, bytearray):
            self._body += part
        else:
            self._body = bytearray(self._body) + part

    def on_message_complete(self) -> None:
        """The end of a request."""
        self.advanced = True
        self.phase = Phase.IDLE
        method = _METHODS.get(self._parser.get_method())
        if method is None:
            self._refuse(501, "This server does not know the method.")
            return
        target = self._target.decode("latin-1")
        if not target.startswith("/") or "#" in target:
            target = self._origin_form(target, method)
        path, _, query = target.partition("?")
        body = self._body if isinstance(self._body, bytes) else bytes(self._body)
        request = Request(method, path, query, self._headers, body, self._peer)
        keep_alive = self._keep_alive and not self._parser.should_upgrade()
        if not self._deliver(Incoming(request, keep_alive, self._old)):
            self._refuse(0, "Too many requests wait on this connection.")

    def _read_version(self) -> None:
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            self._refuse(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
        self._old = version == "1.0"

    def _expect_content(self, headers: dict[str, str]) -> None:
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if self._old:
                self._refuse(400, "HTTP/1.0 knows no Transfer-Encoding.")
            if coding.lower() != "chunked":
                self._refuse(501, "The only transfer coding read here is chunked.")
        elif int(headers["content-length"]) > self._settings.body_bytes:
            self._refuse(413, f"The body is larger than {self._settings.body_bytes} bytes.")
        if self._parser.should_upgrade():
            self._refuse(400, "A request that wants another protocol must have no content.")

    def _expect(self, headers: dict[str, str]) -> None:
        if headers["expect"].lower() != "100-continue":
            self._refuse(417, "The only expectation met here is 100-continue.")
        elif not self._old and headers.get("content-length") != "0":
            self._welcome()

    def _origin_form(self, target: str, method: str) -> str:
        """Return path and query of an absolute target (RFC 9112, clause 3.2.2)."""
        if target == "*" and method == "OPTIONS":
            return target
        try:
            parts = urlsplit(target)
        except ValueError:
            parts = urlsplit("")
        if "#" in target or parts.scheme not in ("http", "https") or not parts.netloc:
            self._refuse(400, "The request target is neither a path nor an http URL.")
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def _refuse(self, status: int, detail: str) -> None:
        """Stop the parser; ``feed`` tells why."""
        self._refusal = Refusal(status, detail)
        raise self._refusal


def _name(name: bytes) -> str:
    """Lower-case a header name and remember it while there is room."""
    key = name.decode("latin-1").lower()
    if len(_names) < _MAX_NAMES and len(name) <= 64:
        _names[name] = key
    return key

"""One kept-alive HTTP/1.1 connection on which notifications are posted, one at a time.

Only what the answer to a POST can be is understood: interim answers, a length, chunks, or the end of
the connection. The body of an answer means nothing to us; it is skipped up to a bound, and whatever is
longer or malformed ends the connection.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast

__all__ = ["Answer", "BrokenAnswer", "Connection", "ConnectionEnded", "parse_answer"]

MAX_HEAD = 16_384
MAX_BODY = 65_536
_INTERIM = 200
_NO_BODY = frozenset({204, 304})


class BrokenAnswer(Exception):
    """What came is no HTTP/1.1 answer, or one beyond the bounds."""


class ConnectionEnded(Exception):
    """The connection ended before an answer was complete.

    Attributes:
        untouched: nothing at all had come: an idle connection may have been closed by the other side.
    """

    def __init__(self, detail: str, *, untouched: bool) -> None:
        super().__init__(detail)
        self.untouched = untouched


class Answer(NamedTuple):
    """The head of an answer.

    Attributes:
        status: the status code.
        retry_after: the value of that header, if there is one.
        keeps: whether the connection can be used again.
        length: bytes of the whole answer in the buffer; None where only the end of the connection ends it.
    """

    status: int
    retry_after: str | None
    keeps: bool
    length: int | None


def parse_answer(buffer: bytes) -> Answer | None:
    """Return the final answer that a buffer holds; None while it is incomplete.

    Raises:
        BrokenAnswer: it cannot become one.
    """
    start = 0
    while True:
        end = buffer.find(b"\r\n\r\n", start)
        if end < 0:
            if len(buffer) - start > MAX_HEAD:
                raise BrokenAnswer("the head of the answer is too long")
            return None
        head = buffer[start:end].split(b"\r\n")
        status = _status(head[0])
        if status >= _INTERIM:
            break
        start = end + 4
    version_keeps = head[0].startswith(b"HTTP/1.1")
    fields = _fields(head[1:])
    keeps = version_keeps and b"close" not in fields.get(b"connection", b"").lower()
    retry_after = fields.get(b"retry-after")
    shown = None if retry_after is None else retry_after.decode("latin-1")
    length = _body_end(buffer, end + 4, status, fields)
    if length == _INCOMPLETE:
        return None
    if length is None or length > len(buffer):
        # Beyond the bound, or ended by the connection's end: the status is known, that is enough.
        return Answer(status, shown, keeps=False, length=None)
    return Answer(status, shown, keeps=keeps and length == len(buffer), length=length)


_INCOMPLETE = -1


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not code.isdigit() or len(code) < 3:
        raise BrokenAnswer("what came is no HTTP/1.1 answer")
    return int(code)


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """Return the header fields; fields that come twice are joined."""
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise BrokenAnswer("a header field of the answer is malformed")
        key = name.lower()
        known = fields.get(key)
        fields[key] = value.strip() if known is None else known + b"," + value.strip()
    return fields


def _body_end(buffer: bytes, start: int, status: int, fields: dict[bytes, bytes]) -> int | None:
    """Return where the answer ends, ``_INCOMPLETE`` while it has not, None where only the connection says."""
    if status in _NO_BODY:
        return start
    if b"transfer-encoding" in fields:
        if fields[b"transfer-encoding"].lower() != b"chunked":
            return None
        return _chunks_end(buffer, start)
    length = fields.get(b"content-length")
    if length is None:
        return None
    if not length.isdigit():
        raise BrokenAnswer("the length of the answer is malformed")
    end = start + int(length[:12])
    if end - start > MAX_BODY:
        return None
    return end if end <= len(buffer) else _INCOMPLETE


def _chunks_end(buffer: bytes, place: int) -> int | None:
    first = place
    while place - first <= MAX_BODY:
        line = buffer.find(b"\r\n", place)
        if line < 0:
            return _INCOMPLETE
        try:
            size = int(buffer[place:line].partition(b";")[0], 16)
        except ValueError:
            raise BrokenAnswer("a chunk of the answer is malformed") from None
        if size < 0:
            raise BrokenAnswer("a chunk of the answer is malformed")
        if size == 0:
            return _trailers_end(buffer, line)
        place = line + 2 + size + 2
        if place > len(buffer) and place - first <= MAX_BODY:
            return _INCOMPLETE
    return None


def _trailers_end(buffer: bytes, line: int) -> int:
    if buffer.startswith(b"\r\n", line + 2):
        return line + 4
    end = buffer.find(b"\r\n\r\n", line)
    return _INCOMPLETE if end < 0 else end + 4


class Connection(asyncio.Protocol):
    """A connection; ``post`` sends one request and returns its answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self.is_open = False
        self.used = False

    async def post(self, request: bytes, *, timeout_s: float) -> Answer:
        """Send a request and return the answer.

        Raises:
            ConnectionEnded: there will be none.
            BrokenAnswer: what came is no answer.
            TimeoutError: none came in time.
        """
        if self._transport is None or not self.is_open:
            raise ConnectionEnded("the connection is closed", untouched=True)
        loop = asyncio.get_running_loop()
        self._buffer = b""
        waiting: asyncio.Future[Answer] = loop.create_future()
        self._waiting = waiting
        timer = loop.call_later(timeout_s, self._time_out, waiting)
        try:
            self._transport.write(request)
            answer = await waiting
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
            self._waiting = None
        self.used = True
        if not answer.keeps:
            self.close()
        return answer

    @staticmethod
    def _time_out(waiting: asyncio.Future[Answer]) -> None:
        if not waiting.done():
            waiting.set_exception(TimeoutError())

    def close(self) -> None:
        """End the connection at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is there."""
        # Not asked by isinstance: the transports of uvloop are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.close()  # nobody asked: whatever this is, the next answer could not be told from it
            return
        self._buffer = self._buffer + data if self._buffer else data
        try:
            answer = parse_answer(self._buffer)
        except BrokenAnswer as error:
            waiting.set_exception(error)
            return
        if answer is not None:
            waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the waiting request that nothing more will come."""
        self.is_open = False
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            detail = f"the connection ended: {exc}" if exc else "the connection ended without an answer"
            waiting.set_exception(ConnectionEnded(detail, untouched=not self._buffer))

"""Messages of the handshake (RFC 6347, clause 4.3.2; RFC 5246, clause 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from samstad_devices.gateway.coap.dtls.records import VERSION

__all__ = [
    "CLIENT_HELLO",
    "CLIENT_KEY",
    "EXTENDED",
    "FINISHED",
    "HELLO_VERIFY",
    "SERVER_HELLO",
    "SERVER_HELLO_DONE",
    "Broken",
    "Hello",
    "Message",
    "read_hello",
    "read_identity",
    "read_messages",
    "server_hello",
]

CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY = 1, 2, 3
SERVER_HELLO_DONE, CLIENT_KEY, FINISHED = 14, 16, 20
EXTENDED, RENEGOTIATION = 0x0017, 0xFF01
_SIGNAL = 0x00FF
_HEAD = 12


class Broken(Exception):
    """A message is not what it says it is."""


class Message(NamedTuple):
    """One whole message; ``number`` is its message_seq."""

    kind: int
    number: int
    body: bytes

    def written(self) -> bytes:
        """Return it as bytes, in one fragment: so it is sent, and so it counts in the transcript (4.2.6)."""
        size = len(self.body).to_bytes(3)
        return bytes([self.kind]) + size + self.number.to_bytes(2) + bytes(3) + size + self.body


def read_messages(fragment: bytes) -> Iterator[Message]:
    """Yield the messages of a record; raises Broken, also for fragments: no message here needs them."""
    at = 0
    while at < len(fragment):
        head = fragment[at : at + _HEAD]
        size = int.from_bytes(head[1:4])
        body = fragment[at + _HEAD : at + _HEAD + size]
        if len(head) < _HEAD or len(body) < size or int.from_bytes(head[6:9]) or head[9:12] != head[1:4]:
            raise Broken
        yield Message(head[0], int.from_bytes(head[4:6]), body)
        at += _HEAD + size


class Hello(NamedTuple):
    """What a client offers.

    Attributes:
        signed: all that its cookie vouches for.
    """

    random: bytes
    cookie: bytes
    suites: tuple[int, ...]
    extensions: frozenset[int]
    signed: bytes


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, size: int) -> bytes:
        found = self._body[self._at : self._at + size]
        if len(found) < size:
            raise Broken
        self._at += size
        return found

    def vector(self, width: int) -> bytes:
        return self.take(int.from_bytes(self.take(width)))

    def is_done(self) -> bool:
        return self._at == len(self._body)


def read_hello(body: bytes) -> Hello:
    """Return what a ClientHello offers; raises Broken where it offers nothing that DTLS 1.2 could be."""
    reader = _Reader(body)
    version, random = reader.take(2), reader.take(32)
    reader.vector(1)  # a session that it would go on with: here none goes on
    cookie, suites, compressions = reader.vector(1), reader.vector(2), reader.vector(1)
    extensions = b"" if reader.is_done() else reader.vector(2)
    if not reader.is_done() or version[0] != VERSION[0] or version[1] > VERSION[1] or 0 not in compressions:
        raise Broken
    found = tuple(int.from_bytes(suites[at : at + 2]) for at in range(0, len(suites), 2))
    named = frozenset(_extensions(extensions))
    signed = version + random + suites + compressions + extensions
    return Hello(random, cookie, found, named | {RENEGOTIATION} if _SIGNAL in found else named, signed)


def _extensions(raw: bytes) -> Iterator[int]:
    reader = _Reader(raw)
    while not reader.is_done():
        yield int.from_bytes(reader.take(2))
        reader.vector(2)


def read_identity(body: bytes) -> str:
    """Return the identity of a ClientKeyExchange (RFC 4279, clause 2); raises Broken."""
    reader = _Reader(body)
    identity = reader.vector(2)
    try:
        text = identity.decode()
    except UnicodeDecodeError:
        raise Broken from None
    if not reader.is_done() or len(text) > 128:
        raise Broken
    return text


def server_hello(hello: Hello, *, random: bytes, suite: int) -> bytes:
    """Return the body of a ServerHello: no session to go on with later, no compression."""
    told = b""
    if EXTENDED in hello.extensions:
        told += EXTENDED.to_bytes(2) + bytes(2)
    if RENEGOTIATION in hello.extensions:
        told += RENEGOTIATION.to_bytes(2) + b"\x00\x01\x00"
    extensions = len(told).to_bytes(2) + told if told else b""
    return VERSION + random + b"\x00" + suite.to_bytes(2) + b"\x00" + extensions

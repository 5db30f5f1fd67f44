"""One client's session: its handshake as states, then its data.

- ``hello``: the server has answered the hello, and waits for the client's key exchange;
- ``asking``: the identity is known, and its key is asked for;
- ``keyed``: the keys are there, and the client's Finished must prove that it has them too;
- ``open``: data goes both ways;
- ``closed``: nothing is taken any more.

Nothing is kept of a client before it has shown, by a cookie, that it hears at the address it sends from.
"""

from __future__ import annotations

import hashlib
import hmac

from samstad_devices.gateway.coap.dtls.messages import (
    CLIENT_HELLO,
    CLIENT_KEY,
    EXTENDED,
    FINISHED,
    HELLO_VERIFY,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    Broken,
    Hello,
    Message,
    read_hello,
    read_identity,
    read_messages,
    server_hello,
)
from samstad_devices.gateway.coap.dtls.records import (
    ALERT,
    APPLICATION,
    CHANGE,
    HANDSHAKE,
    Record,
    Window,
    read_records,
    write_record,
)
from samstad_devices.gateway.coap.dtls.secrets import SUITES, Keys, finished, keys_of, master_secret

__all__ = ["Session", "answer_to_stranger"]

_CLOSE, _DECRYPT_ERROR = b"\x01\x00", b"\x02\x33"
_OLDEST = b"\xfe\xff"
_MOST_WAITING = 8


def answer_to_stranger(datagram: bytes, *, address: str, secret: bytes) -> tuple[bytes, Message | None]:
    """Return what a stranger is sent, and its hello where it has shown that it hears there.

    Args:
        datagram: that came from an address without a session.
        address: where it came from.
        secret: of the server, for cookies.
    """
    for record in read_records(datagram):
        if record.kind != HANDSHAKE or record.epoch:
            continue
        try:
            for message in read_messages(record.fragment):
                if message.kind == CLIENT_HELLO:
                    return _answer(message, record, address, secret)
        except Broken:
            break
    return b"", None


def _answer(message: Message, record: Record, address: str, secret: bytes) -> tuple[bytes, Message | None]:
    hello = read_hello(message.body)
    cookie = hmac.digest(secret, address.encode() + b"\0" + hello.signed, hashlib.sha256)[:16]
    if hmac.compare_digest(cookie, hello.cookie):
        return b"", message
    # Never longer than what came (clause 4.2.1): nobody is flooded by way of this server.
    told = Message(HELLO_VERIFY, message.number, _OLDEST + bytes([len(cookie)]) + cookie).written()
    return write_record(HANDSHAKE, 0, record.number, told, version=_OLDEST), None


class Session:
    """One session.

    Args:
        message: the client's hello, with a cookie that was right.
        random: 32 bytes of chance.

    Raises:
        Broken: it offers no cipher suite that is spoken here.
    """

    def __init__(self, message: Message, *, random: bytes) -> None:
        self.state = "hello"
        self.identity = ""
        self._hello: Hello = read_hello(message.body)
        self._random = random
        self._suite = next((one for one in SUITES if one in self._hello.suites), 0)
        if not self._suite:
            raise Broken
        self._transcript = message.written()
        self._numbers = [1, 0]
        self._next_sent, self._next_expected = message.number, message.number + 1
        self._keys: Keys | None = None
        self._master = b""
        self._window = Window()
        self._waiting: list[bytes] = []
        self._flight: list[tuple[int, bytes]] = []
        self._hello_number = message.number
        self._begin()

    def _begin(self) -> None:
        body = server_hello(self._hello, random=self._random, suite=self._suite)
        self._flight = [
            (HANDSHAKE, self._handshake(SERVER_HELLO, body)),
            (HANDSHAKE, self._handshake(SERVER_HELLO_DONE, b"")),
        ]

    def _handshake(self, kind: int, body: bytes) -> bytes:
        told = Message(kind, self._next_sent, body).written()
        self._next_sent += 1
        self._transcript += told
        return told

    def flight(self) -> bytes:
        """Return the server's last flight, as a new datagram: it answers repetitions (clause 4.2.4)."""
        told = b""
        for kind, content in self._flight:
            is_protected = kind == HANDSHAKE and self.state == "open"
            told += self._write(kind, content, epoch=int(is_protected))
        return told

    def _write(self, kind: int, content: bytes, *, epoch: int) -> bytes:
        number = self._numbers[epoch]
        self._numbers[epoch] += 1
        if epoch and self._keys is not None:
            return self._keys.server.protect(kind, number, content)
        return write_record(kind, epoch, number, content)

    def is_by(self, datagram: bytes) -> bool:
        """Tell whether a datagram is, or repeats, the hello that began this session."""
        return self._hello.random in datagram

    def send(self, content: bytes) -> bytes:
        """Return a datagram that says something to the client; empty where the session is not open."""
        return self._write(APPLICATION, content, epoch=1) if self.state == "open" else b""

    def close(self) -> bytes:
        """End the session, and return the datagram that tells the client."""
        told = self._write(ALERT, _CLOSE, epoch=1) if self.state == "open" else b""
        self.state = "closed"
        return told

    def receive(self, datagram: bytes) -> tuple[bytes, list[bytes]]:
        """Take a datagram; return what must be sent, and what the client says.

        Where ``state`` is ``asking`` afterwards, ``supply`` goes on.
        """
        answers, told = b"", []
        records = list(read_records(datagram))
        for at, record in enumerate(records):
            if self.state == "asking":
                if len(self._waiting) < _MOST_WAITING:
                    self._waiting += [_again(one) for one in records[at:]]
                break
            if record.epoch == 0:
                answers += self._plain(record)
            elif record.epoch == 1 and self._keys is not None:
                answer, content = self._protected(record, self._keys)
                answers += answer
                told += content
        return answers, told

    def supply(self, psk: bytes) -> tuple[bytes, list[bytes]]:
        """Give the key of the identity, or any other where there is none: it then proves nothing."""
        randoms = self._hello.random + self._random
        is_extended = EXTENDED in self._hello.extensions
        self._master = master_secret(psk, randoms, self._digest() if is_extended else None)
        self._keys = keys_of(
            self._suite, self._master, client_random=self._hello.random, server_random=self._random
        )
        self.state = "keyed"
        waiting, self._waiting = self._waiting, []
        return self.receive(b"".join(waiting))

    def _digest(self) -> bytes:
        return hashlib.sha256(self._transcript).digest()

    def _plain(self, record: Record) -> bytes:
        """Take a record without protection: of the handshake, and nothing else is believed."""
        if record.kind != HANDSHAKE or self.state == "closed":
            return b""
        try:
            return b"".join([self._message(message) for message in read_messages(record.fragment)])
        except Broken:
            return b""

    def _message(self, message: Message) -> bytes:
        is_repeated = message.kind == CLIENT_HELLO and message.number == self._hello_number
        if is_repeated and self.state == "hello":
            return self.flight()
        if message.kind == CLIENT_KEY and message.number < self._next_expected and self.state == "open":
            return self.flight()
        if self.state == "hello" and message.kind == CLIENT_KEY and message.number == self._next_expected:
            self.identity = read_identity(message.body)
            self._next_expected += 1
            self._transcript += message.written()
            self.state = "asking"
        return b""

    def _protected(self, record: Record, keys: Keys) -> tuple[bytes, list[bytes]]:
        if self.state == "closed" or not self._window.is_new(record.number):
            return b"", []
        content = keys.client.open(record)
        if content is None:
            # A client that has another key never gets further; one whose session is open is not disturbed.
            return self._refuse() if self.state == "keyed" else b"", []
        self._window.take(record.number)
        if self.state == "keyed":
            return self._finish(record.kind, content), []
        if record.kind == APPLICATION:
            return b"", [content]
        if record.kind == ALERT:
            return self.close(), []
        return b"", []

    def _refuse(self) -> bytes:
        self.state = "closed"
        return self._write(ALERT, _DECRYPT_ERROR, epoch=0)

    def _finish(self, kind: int, content: bytes) -> bytes:
        """Open the session where the client's Finished is right (RFC 5246, clause 7.4.9)."""
        try:
            messages = list(read_messages(content)) if kind == HANDSHAKE else []
        except Broken:
            messages = []
        expected = finished(self._master, label=b"client finished", transcript=self._digest())
        if (
            len(messages) != 1
            or messages[0][:2] != (FINISHED, self._next_expected)
            or not hmac.compare_digest(messages[0].body, expected)
        ):
            return self._refuse()
        self._next_expected += 1
        self._transcript += messages[0].written()
        body = finished(self._master, label=b"server finished", transcript=self._digest())
        self._flight = [(CHANGE, b"\x01"), (HANDSHAKE, self._handshake(FINISHED, body))]
        self._transcript = b""
        self.state = "open"
        return self.flight()


def _again(record: Record) -> bytes:
    return write_record(record.kind, record.epoch, record.number, record.fragment, version=record.version)

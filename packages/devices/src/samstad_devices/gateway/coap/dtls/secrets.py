"""Keys of a session, and records protected by them (RFC 5246 clauses 5 and 6.3, RFC 4279, 6655, 7627)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from samstad_devices.gateway.coap.dtls.records import VERSION, Record, write_record

__all__ = ["SUITES", "Keys", "Protection", "finished", "keys_of", "master_secret"]

SUITES: Mapping[int, Callable[[bytes], AESCCM | AESGCM]] = MappingProxyType(
    {
        0xC0A8: lambda key: AESCCM(
            key, tag_length=8
        ),  # TLS_PSK_WITH_AES_128_CCM_8: every device of CoAP has it
        0x00A8: AESGCM,  # TLS_PSK_WITH_AES_128_GCM_SHA256
    }
)
"""Cipher suites that are spoken, the first that a client offers too is taken → what protects records."""
_KEY, _SALT, _EXPLICIT = 16, 4, 8


def _prf(secret: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    seed, found, chain = label + seed, b"", label + seed
    while len(found) < size:
        chain = hmac.digest(secret, chain, hashlib.sha256)
        found += hmac.digest(secret, chain + seed, hashlib.sha256)
    return found[:size]


def master_secret(psk: bytes, randoms: bytes, transcript: bytes | None) -> bytes:
    """Return the master secret of a session.

    Args:
        psk: the pre-shared key.
        randoms: of the client, then of the server.
        transcript: digest of the handshake up to the client's key exchange, where it extends the secret
            (RFC 7627); else None.
    """
    size = len(psk).to_bytes(2)
    premaster = size + bytes(len(psk)) + size + psk
    if transcript is not None:
        return _prf(premaster, b"extended master secret", transcript, 48)
    return _prf(premaster, b"master secret", randoms, 48)


def finished(master: bytes, *, label: bytes, transcript: bytes) -> bytes:
    """Return what a side's Finished says; ``transcript`` is the digest of all messages before it."""
    return _prf(master, label, transcript, 12)


class Protection:
    """Protects records of one direction."""

    def __init__(self, suite: int, key: bytes, salt: bytes) -> None:
        self._cipher = SUITES[suite](key)
        self._salt = salt

    def protect(self, kind: int, number: int, content: bytes) -> bytes:
        """Return a protected record of epoch 1."""
        explicit = (1).to_bytes(2) + number.to_bytes(6)
        head = explicit + bytes([kind]) + VERSION + len(content).to_bytes(2)
        sealed = self._cipher.encrypt(self._salt + explicit, content, head)
        return write_record(kind, 1, number, explicit + sealed)

    def open(self, record: Record) -> bytes | None:
        """Return the content of a record, or None where it is not authentic."""
        explicit, sealed = record.fragment[:_EXPLICIT], record.fragment[_EXPLICIT:]
        size = len(sealed) - (8 if isinstance(self._cipher, AESCCM) else 16)
        if size < 0:
            return None
        head = record.place + bytes([record.kind]) + record.version + size.to_bytes(2)
        try:
            return self._cipher.decrypt(self._salt + explicit, sealed, head)
        except (InvalidTag, ValueError):
            return None


class Keys(NamedTuple):
    """Both directions of a session."""

    client: Protection
    server: Protection


def keys_of(suite: int, master: bytes, *, client_random: bytes, server_random: bytes) -> Keys:
    """Return the keys that follow from a master secret."""
    block = _prf(master, b"key expansion", server_random + client_random, 2 * (_KEY + _SALT))
    keys, salts = block[: 2 * _KEY], block[2 * _KEY :]
    return Keys(Protection(suite, keys[:_KEY], salts[:_SALT]), Protection(suite, keys[_KEY:], salts[_SALT:]))

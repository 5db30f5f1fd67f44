"""Wrapping of keys under a key-encryption key that is kept outside of the database (AES-256-GCM)."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from samstad_devices.spi.frame_store import StoreUnavailable

__all__ = ["KEY_BYTES", "Seal", "new_key_file", "read_key_file"]

KEY_BYTES = 32
_NONCE_BYTES = 12


class Seal:
    """Wraps and unwraps.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.name = hashlib.sha256(b"samstad key-encryption key\0" + key).hexdigest()[:16]
        """Tells keys apart, and tells nothing of them."""

    def wrap(self, secret: bytes, about: str) -> bytes:
        """Return a secret wrapped: nonce, ciphertext, tag; it opens only as what it is about."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, about.encode())

    def unwrap(self, wrapped: bytes, about: str) -> bytes:
        """Return the secret.

        Raises:
            StoreUnavailable: it was wrapped under another key or as something else, or was changed.
        """
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise StoreUnavailable(
                f"{about} does not open under key {self.name}: bring back the key file."
            ) from None


def new_key_file(path: Path) -> Seal:
    """Make a key file that its owner alone can read; raises FileExistsError, never writes over one."""
    key = secrets.token_bytes(KEY_BYTES)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Seal(key)


def read_key_file(path: Path) -> Seal:
    """Return the seal of a key file: 64 hexadecimal digits.

    Raises:
        StoreUnavailable: there is none, it cannot be read, or it holds something else.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise StoreUnavailable(f"The key file {path.name} cannot be read: {error}.") from None
    if len(key) != KEY_BYTES:
        raise StoreUnavailable(f"The key file {path.name} has {len(key)} bytes; a key has {KEY_BYTES}.")
    return Seal(key)

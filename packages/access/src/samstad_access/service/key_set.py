"""The issuer's public keys, parsed and weighed once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
import orjson
from joserfc import jwk
from joserfc.errors import JoseError, SecurityWarning

from samstad_access.errors import KeySetRefused

__all__ = ["ALGORITHMS", "PublicKeys"]

ALGORITHMS: Mapping[str, tuple[str, str]] = {
    **{f"{family}{bits}": ("RSA", "") for family in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""What each algorithm demands of a key: its type and curve. All of them prove by a public key."""

_MAX_BYTES = 256 * 1024
_MAX_KEYS = 64
_MIN_RSA_BITS = 2048


class PublicKeys:
    """The usable keys of a JWKS document (RFC 7517) by their ``kid``.

    Keys that are symmetric, private, too short, meant for encryption, or twice under one kid are left
    out: what they would prove is worth nothing.

    Args:
        document: the JSON text of the key set.

    Raises:
        KeySetRefused: it is no key set, or no key of it can be used.
    """

    NAMELESS: ClassVar[str] = ""

    def __init__(self, document: bytes) -> None:
        described = list(_described(document))
        names = [str(key.get("kid", self.NAMELESS)) for key in described]
        usable = {
            name: (key, declared.get("alg"))
            for name, declared in zip(names, described, strict=True)
            if names.count(name) == 1 and (key := _usable(declared)) is not None
        }
        if not usable:
            raise KeySetRefused("The key set holds no public key that may verify signatures.")
        self._keys = usable

    def __contains__(self, kid: object) -> bool:
        return kid in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: str | None, algorithm: str) -> Any | None:
        """Return the key of that name if it fits the algorithm.

        A token without a kid is taken only where the set holds one key.
        """
        name = next(iter(self._keys)) if kid is None and len(self._keys) == 1 else kid
        key, declared = self._keys.get(name or self.NAMELESS, (None, None))
        demanded = ALGORITHMS.get(algorithm)
        if key is None or demanded is None or declared not in (None, algorithm):
            return None
        curve = key.as_dict(private=False).get("crv", "")
        return key if (key.key_type, curve) == demanded else None


def _described(document: bytes) -> Iterator[dict[str, Any]]:
    if len(document) > _MAX_BYTES:
        raise KeySetRefused(f"The key set is longer than {_MAX_BYTES} bytes.")
    try:
        keys = msgspec.convert(orjson.loads(document)["keys"], list[dict[str, Any]])
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise KeySetRefused('This is no key set: JSON with a list "keys" is expected (RFC 7517).') from error
    if len(keys) > _MAX_KEYS:
        raise KeySetRefused(f"The key set holds more than {_MAX_KEYS} keys.")
    yield from keys


def _usable(declared: dict[str, Any]) -> Any | None:
    if (
        declared.get("kty") not in {"RSA", "EC", "OKP"}
        or declared.get("use", "sig") != "sig"
        or "d" in declared
    ):
        return None
    if "verify" not in declared.get("key_ops", ["verify"]):
        return None
    try:
        with warnings.catch_warnings():
            # Short keys are left out below, without a warning about them.
            warnings.simplefilter("ignore", SecurityWarning)
            key = jwk.import_key(declared)
        strong = key.key_type != "RSA" or getattr(key.raw_value, "key_size", 0) >= _MIN_RSA_BITS
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return key if strong else None

"""Reading members of a webhook body: each as the type that it must have, or MessageRefused with its place."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from samstad_devices.domain.errors import IdentifierRefused, MessageRefused
from samstad_devices.domain.identifiers import Identifier, eui64

__all__ = ["MAX_PAYLOAD_BYTES", "MAX_RECEPTIONS", "Members"]

MAX_PAYLOAD_BYTES = 255
"""LoRaWAN frames carry at most 242; some networks reassemble a little more."""
MAX_RECEPTIONS = 64

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.(\d{1,9})")
_LATEST_US = 4_102_444_800_000_000
"""2100-01-01: a time beyond it is a unit mistaken for another."""


class Members:
    """An object in a body, and where it stands.

    Every reader returns None for an absent or null member unless ``required`` says otherwise.
    """

    __slots__ = ("_at", "_values")

    def __init__(self, values: Any, at: str = "") -> None:
        if not isinstance(values, Mapping):
            raise MessageRefused("An object is expected here.", pointer=at)
        self._values = values
        self._at = at

    def refuse(self, name: str, what: str) -> MessageRefused:
        """Return the error for a member."""
        value = self._values.get(name)
        said = "is missing" if value is None else f"is {value!r:.60}"
        return MessageRefused(f"{name} {said}; {what}", pointer=f"{self._at}/{name}")

    def get(self, name: str) -> Any:
        """Return a member as it is."""
        return self._values.get(name)

    def object(self, name: str) -> Members:
        """Return an object; an absent one is empty."""
        value = self._values.get(name)
        return Members({} if value is None else value, f"{self._at}/{name}")

    def objects(self, name: str) -> Iterator[Members]:
        """Yield the objects of an array, at most ``MAX_RECEPTIONS``; an absent one is empty."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise self.refuse(name, "an array of objects is expected.")
        for index, item in enumerate((value or [])[:MAX_RECEPTIONS]):
            yield Members(item, f"{self._at}/{name}/{index}")

    def text(self, name: str) -> str | None:
        """Return a text; an empty one counts as absent."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.refuse(name, "a text is expected.")
        return value or None

    def number(self, name: str) -> float | None:
        """Return a number, also where the network writes it as a text."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.refuse(name, "a number is expected.")
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = float("nan")
        if not -1e300 < found < 1e300:
            raise self.refuse(name, "a number is expected.")
        return found

    def natural(self, name: str, *, most: int = 2**32 - 1) -> int | None:
        """Return a whole number from 0, also where the network writes it as a text."""
        found = self.number(name)
        if found is None:
            return None
        if found != int(found) or not 0 <= found <= most:
            raise self.refuse(name, f"a whole number from 0 to {most} is expected.")
        return int(found)

    def flag(self, name: str) -> bool:
        """Return a Boolean; an absent one is false."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.refuse(name, "true or false is expected.")
        return bool(value)

    def device(self, name: str) -> Identifier:
        """Return the required DevEUI of hexadecimal digits."""
        try:
            return Identifier("devEUI", eui64(self.text(name) or ""))
        except IdentifierRefused:
            raise self.refuse(name, "a DevEUI of 16 hexadecimal digits is expected.") from None

    def device_base64(self, name: str) -> Identifier:
        """Return the required DevEUI of eight bytes in base64."""
        found = self.base64(name, required=True)
        if len(found) != 8:
            raise self.refuse(name, "a DevEUI of eight bytes in base64 is expected.")
        return Identifier("devEUI", found.hex().upper())

    def base64(self, name: str, *, required: bool = False) -> bytes:
        """Return bytes in base64; absent ones are none, unless required."""
        value = self.text(name)
        if value is None and not required:
            return b""
        try:
            found = base64.b64decode(value or "", validate=True)
        except (binascii.Error, ValueError):
            raise self.refuse(name, "bytes in base64 are expected.") from None
        if value is None or len(found) > MAX_PAYLOAD_BYTES:
            raise self.refuse(name, f"at most {MAX_PAYLOAD_BYTES} bytes in base64 are expected.")
        return found

    def hex(self, name: str) -> bytes:
        """Return bytes in hexadecimal digits; absent ones are none."""
        value = self.text(name) or ""
        try:
            found = bytes.fromhex(value)
        except ValueError:
            raise self.refuse(name, "bytes in hexadecimal digits are expected.") from None
        if len(found) > MAX_PAYLOAD_BYTES:
            raise self.refuse(name, f"at most {MAX_PAYLOAD_BYTES} bytes are expected.")
        return found

    def time(self, name: str) -> int | None:
        """Return an ISO 8601 time as µs; one without a zone is UTC, decimals beyond the sixth are cut."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(
                _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), value)
            )
        except ValueError:
            raise self.refuse(name, "a time as in ISO 8601 is expected.") from None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1)

    def seconds(self, name: str, *, per_second: int = 1) -> int | None:
        """Return a time that is counted since 1970 in parts of a second, as µs."""
        found = self.number(name)
        if found is None:
            return None
        time_us = round(found * 1_000_000 / per_second)
        if not 0 <= time_us < _LATEST_US:
            raise self.refuse(name, "a time after 1970 is expected.")
        return time_us

"""How a command is said to a device, within which limits, and by what the device shows that it was done.

Rules stand in the profile of a device model, so that a new command needs no program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from samstad_devices.domain.errors import ProfileRefused

__all__ = ["Argument", "CommandRule", "Scalar", "check_rule"]

Scalar = bool | int | float | str
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,242}")
_MOST_DEPTH = 8


class Argument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an argument may be: a number within limits, or one of some words.

    Attributes:
        least, most: the safety limits of the actuator (I9).
        words: what it may be; none: any.
        otherwise: where the command does not say; None: it must say.
    """

    least: float | None = None
    most: float | None = None
    words: tuple[Scalar, ...] = ()
    otherwise: Scalar | None = None


class CommandRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One command of a device model.

    Attributes:
        arguments: by name; others are refused.
        data: what is said, as JSON; a text ``$name`` stands for that argument. Models with JavaScript give it
            to ``encodeDownlink``, others send it as JSON.
        hex: bytes that are said as they are, instead.
        port: LoRaWAN's FPort.
        acknowledged: the device shall acknowledge the frame (LoRaWAN's confirmed downlink).
        attempts: how often it may be said; more than once only where saying it twice does no harm.
        retry_s: how long to wait before the next attempt.
        attribute: by what the device shows that it was done; without one no command is ever confirmed.
        of: whose attribute it is.
        equals: what it then is; a text ``$name`` stands for that argument.
        tolerance: how far a number may lie from it.
    """

    arguments: Mapping[str, Argument] = {}
    data: Any = None
    hex: str = ""
    port: int = 1
    acknowledged: bool = False
    attempts: int = 1
    retry_s: float = 60.0
    attribute: str = ""
    of: Literal["asset", "device"] = "asset"
    equals: Scalar | None = None
    tolerance: float = 0.0


def check_rule(rule: CommandRule, *, at: str) -> None:
    """Raise ProfileRefused where a rule could never work; ``at`` is its JSON pointer."""
    if (rule.data is None) == (not rule.hex):
        raise ProfileRefused("A command says data or hex, one of them.", pointer=f"{at}/data")
    if rule.hex and _HEX.fullmatch(rule.hex) is None:
        raise ProfileRefused("hex has 1 to 242 bytes in hexadecimal digits.", pointer=f"{at}/hex")
    if not 1 <= rule.port <= 223:
        raise ProfileRefused("port is from 1 to 223.", pointer=f"{at}/port")
    if not 1 <= rule.attempts <= 10 or not 1 <= rule.retry_s <= 86_400:
        raise ProfileRefused("attempts is 1 to 10, retryS 1 to 86400.", pointer=f"{at}/attempts")
    if bool(rule.attribute) != (rule.equals is not None):
        raise ProfileRefused("attribute and equals stand together.", pointer=f"{at}/equals")
    known = {f"${name}" for name in rule.arguments}
    for text in (*_texts(rule.data), rule.equals):
        if isinstance(text, str) and text.startswith("$") and text not in known:
            raise ProfileRefused(f"{text} is no argument of it.", pointer=f"{at}/arguments")


def _texts(data: Any, depth: int = 0) -> Iterable[str]:
    if depth > _MOST_DEPTH:
        raise ProfileRefused(f"data is nested deeper than {_MOST_DEPTH}.", pointer="/commands")
    if isinstance(data, str):
        yield data
    parts = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    for part in parts:
        yield from _texts(part, depth + 1)

"""What a row of the signal exchange list is made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

__all__ = ["DRAFT", "SXL_VERSIONS", "Alarm", "Argument", "Command", "Kind", "ObjectType", "Status"]

SXL_VERSIONS = ("1.0.7", "1.0.8", "1.0.9", "1.0.10", "1.0.13", "1.0.14", "1.0.15", "1.1.0", "1.2.0", "1.2.1")
"""Those that were released, oldest first; 1.0.11 and 1.0.12 never were."""
DRAFT = "1.3.0"
"""May still change; used only where a caller asks for it by name."""
FIRST = SXL_VERSIONS[0]


class ObjectType(StrEnum):
    """What kind of component a code belongs to."""

    CONTROLLER = "Traffic Light Controller"
    SIGNAL_GROUP = "Signal group"
    DETECTOR_LOGIC = "Detector logic"


class Kind(StrEnum):
    """The type of a value; all travel as strings, lists separated by commas, but arrays."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    BASE64 = "base64"
    INTEGERS = "integer_list"
    BOOLEANS = "boolean_list"
    STRINGS = "string_list"
    ARRAY = "array"


class Argument(NamedTuple):
    """One value of an alarm, a status or a command.

    Attributes:
        name: as it travels.
        kind: its type.
        text: what it means.
        low: the least number, or None.
        high: the greatest number, or None.
        choices: the only values, () for any.
        pattern: a regular expression of the whole value, "" for none.
        optional: whether it may be left out.
        items: the members of each item of an array.
        since: the first version that has it.
        until: the last version that has it, "" while it lives.
        deprecated: whether it should no longer be used.
    """

    name: str
    kind: Kind
    text: str
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    optional: bool = False
    items: tuple[Argument, ...] = ()
    since: str = FIRST
    until: str = ""
    deprecated: bool = False


class Alarm(NamedTuple):
    """One alarm; priority 2 is a major fault of EN 12675, which makes the controller fail safe."""

    code: str
    of: ObjectType
    priority: int
    text: str
    arguments: tuple[Argument, ...] = ()
    category: str = "D"
    since: str = FIRST
    until: str = ""


class Status(NamedTuple):
    """One status."""

    code: str
    of: ObjectType
    text: str
    arguments: tuple[Argument, ...]
    since: str = FIRST
    until: str = ""


class Command(NamedTuple):
    """One command.

    Attributes:
        word: cO, the same in every argument.
        level: which security code it needs; 0 for none, and for M0103, which checks the old one.
        reserved: whether the SXL reserves it for the future.
    """

    code: str
    of: ObjectType
    word: str
    text: str
    arguments: tuple[Argument, ...]
    level: int = 2
    reserved: bool = False
    since: str = FIRST
    until: str = ""


Row = Alarm | Status | Command
Table = Mapping[str, Row]

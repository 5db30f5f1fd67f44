"""One version of the signal exchange list, and what is wrong with a value by it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from samstad_rsmp.errors import SxlViolation
from samstad_rsmp.sxl.alarms import ALARMS
from samstad_rsmp.sxl.commands import COMMANDS
from samstad_rsmp.sxl.rows import DRAFT, SXL_VERSIONS, Alarm, Argument, Command, Kind, Row, Status
from samstad_rsmp.sxl.statuses import STATUSES
from samstad_rsmp.timestamps import TIMESTAMP
from samstad_rsmp.versions import order_of

__all__ = ["Sxl", "get_sxl", "problem_of"]

RowT = TypeVar("RowT", Alarm, Status, Command)
NUMBER = re.compile(r"-?[0-9]{1,10}")
BOOLEANS = frozenset({"True", "False"})
STAMP = re.compile(TIMESTAMP)


class Sxl:
    """What one version of the TLC SXL has; rows hold only the arguments of that version."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.alarms: Mapping[str, Alarm] = _living(ALARMS, version)
        self.statuses: Mapping[str, Status] = _living(STATUSES, version)
        self.commands: Mapping[str, Command] = _living(COMMANDS, version)
        rows: tuple[Row, ...] = (*self.alarms.values(), *self.statuses.values(), *self.commands.values())
        self._arguments = {(row.code, one.name): one for row in rows for one in row.arguments}

    def find_argument(self, code: str, name: str) -> Argument | None:
        """Return the argument of an alarm, status or command, or None."""
        return self._arguments.get((code, name))

    def check_alarm(self, code: str, values: Mapping[str, Any]) -> None:
        """Raise SxlViolation when an alarm, or one of its values, is not of this version."""
        self._check_all(self.alarms, code, values, "alarm")

    def check_alarm_names(self, code: str, names: Iterable[str]) -> None:
        """Raise SxlViolation when there is no such alarm, or it has no such value; values are not judged."""
        if code not in self.alarms:
            raise SxlViolation(f"no alarm {code} in SXL {self.version}", code=code)
        for name in names:
            if (code, name) not in self._arguments:
                raise SxlViolation(f"alarm {code} has no {name!r}", code=code, name=name)

    def check_names(self, code: str, names: Iterable[str]) -> None:
        """Raise SxlViolation when a status, or one of the names asked of it, is not of this version."""
        row = self.statuses.get(code)
        if row is None:
            raise SxlViolation(f"no status {code} in SXL {self.version}", code=code)
        for name in names:
            if (code, name) not in self._arguments:
                has = ", ".join(one.name for one in row.arguments)
                raise SxlViolation(f"status {code} has no {name!r}; it has {has}", code=code, name=name)

    def check_value(self, code: str, name: str, value: Any) -> None:
        """Raise SxlViolation when one value of a status or command is not allowed."""
        argument = self._arguments.get((code, name))
        if argument is None:
            raise SxlViolation(f"{code} has no {name!r} in SXL {self.version}", code=code, name=name)
        problem = problem_of(argument, value)
        if problem:
            raise SxlViolation(f"{code} {name}: {problem}", code=code, name=name)

    def check_command(self, code: str, values: Mapping[str, Any], *, word: str) -> Command:
        """Return the command's row; SxlViolation when a code, word, argument or value is wrong or missing."""
        row = self.commands.get(code)
        if row is not None and word != row.word:
            raise SxlViolation(f"command {code} is {row.word}, not {word!r}", code=code)
        self._check_all(self.commands, code, values, "command")
        return self.commands[code]

    def _check_all(self, rows: Mapping[str, Any], code: str, values: Mapping[str, Any], what: str) -> None:
        row = rows.get(code)
        if row is None:
            raise SxlViolation(f"no {what} {code} in SXL {self.version}", code=code)
        for name, value in values.items():
            self.check_value(code, name, value)
        missing = [one.name for one in row.arguments if not one.optional and one.name not in values]
        if missing:
            raise SxlViolation(f"{what} {code} lacks {', '.join(missing)}", code=code, name=missing[0])


@cache
def get_sxl(version: str) -> Sxl:
    """Return one version of the list; KeyError when there is none. "1.1" and "1.2" stand for their first."""
    known = {order_of(one): one for one in (*SXL_VERSIONS, DRAFT)}
    return Sxl(known[order_of(version)])


def _living(rows: Iterable[RowT], version: str) -> dict[str, RowT]:
    living = (row for row in rows if _lives(row, version))
    return {row.code: _trimmed(row, version) for row in living}


def _lives(row: Alarm | Status | Command | Argument, version: str) -> bool:
    now = order_of(version)
    return order_of(row.since) <= now and (not row.until or now <= order_of(row.until))


def _trimmed(row: RowT, version: str) -> RowT:
    return row._replace(arguments=tuple(one for one in row.arguments if _lives(one, version)))


def problem_of(argument: Argument, value: Any) -> str:
    """Return what is wrong with a value, or "" when nothing is."""
    if argument.kind is Kind.ARRAY:
        return _array_problem(argument, value)
    if not isinstance(value, str):
        return f"a string is due, not {type(value).__name__}"
    problem = FORMS[argument.kind](argument, value)
    if not problem and argument.pattern and re.search(argument.pattern, value) is None:
        return f"{value[:80]!r} does not fit {argument.pattern}"
    return problem


def _number_problem(argument: Argument, value: str) -> str:
    if not NUMBER.fullmatch(value):
        return f"{value[:80]!r} is no whole number"
    number = int(value)
    if argument.low is not None and number < argument.low:
        return f"{number} is less than {argument.low}"
    if argument.high is not None and number > argument.high:
        return f"{number} is more than {argument.high}"
    return _choice_problem(argument, value)


def _choice_problem(argument: Argument, value: str) -> str:
    if argument.choices and value not in argument.choices:
        return f"{value[:80]!r} is not one of {', '.join(argument.choices)}"
    return ""


def _boolean_problem(_argument: Argument, value: str) -> str:
    return "" if value in BOOLEANS else f"{value[:80]!r} is neither True nor False"


def _timestamp_problem(_argument: Argument, value: str) -> str:
    return "" if STAMP.match(value) else f"{value[:80]!r} is no timestamp like 2026-11-23T07:00:00.000Z"


def _base64_problem(_argument: Argument, value: str) -> str:
    try:
        b64decode(value, validate=True)
    except (Base64Error, ValueError):
        return "not base64"
    return ""


def _each(single: Callable[[Argument, str], str]) -> Callable[[Argument, str], str]:
    def problem(argument: Argument, value: str) -> str:
        return next(filter(None, (single(argument, part) for part in value.split(","))), "")

    return problem


def _array_problem(argument: Argument, value: Any) -> str:
    if not isinstance(value, list):
        return f"an array is due, not {type(value).__name__}"
    for index, item in enumerate(value):
        problem = _item_problem(argument, item)
        if problem:
            return f"item {index}: {problem}"
    return ""


def _item_problem(argument: Argument, item: Any) -> str:
    if not isinstance(item, dict):
        return f"an object is due, not {type(item).__name__}"
    for member in argument.items:
        if member.name not in item:
            if not member.optional:
                return f"{member.name} is missing"
        elif problem := problem_of(member, item[member.name]):
            return f"{member.name}: {problem}"
    extra = sorted(set(item) - {member.name for member in argument.items})
    return f"{extra[0]!r} does not belong there" if extra else ""


FORMS: dict[Kind, Callable[[Argument, str], str]] = {
    Kind.STRING: _choice_problem,
    Kind.INTEGER: _number_problem,
    Kind.BOOLEAN: _boolean_problem,
    Kind.TIMESTAMP: _timestamp_problem,
    Kind.BASE64: _base64_problem,
    Kind.INTEGERS: _each(_number_problem),
    Kind.BOOLEANS: _each(_boolean_problem),
    Kind.STRINGS: _each(_choice_problem),
}

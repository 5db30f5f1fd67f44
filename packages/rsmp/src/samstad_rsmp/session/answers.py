"""How a site answers requests and commands (Core 3.2.2, error handling; TLC SXL, security codes).

An unknown component is answered with values that are undefined; an unknown code or name, missing arguments
and a wrong security code are refused, and nothing is changed; what the device does not have is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from samstad_rsmp.errors import SxlViolation
from samstad_rsmp.messages import CommandArgument, CommandRequest, CommandValue, StatusValue
from samstad_rsmp.session.device import Device
from samstad_rsmp.sxl.rows import Command
from samstad_rsmp.sxl.table import Sxl, problem_of
from samstad_rsmp.versions import Core

__all__ = ["WRONG_CODE", "Valuer", "carry_out", "check_status_names"]

WRONG_CODE = "Incorrect security code"
"""The wording is the SXL's."""


def check_status_names(sxl: Sxl, device: Device, component_id: str, names: Iterable[tuple[str, str]]) -> None:
    """Raise SxlViolation for a status that the list, or this kind of component, does not have."""
    kind = device.components.get(component_id)
    for code, name in names:
        sxl.check_names(code, (name,))
        of = sxl.statuses[code].of
        if kind is not None and kind is not of:
            raise SxlViolation(f"status {code} is of a {of}, {component_id} is a {kind}", code=code)


class Valuer:
    """Turns what a device gives into values that the agreed versions can carry.

    A value that the signal exchange list forbids is told as unknown, never sent; ``faults`` holds what was
    wrong with the latest of each code and name.
    """

    def __init__(self, sxl: Sxl) -> None:
        self.sxl = sxl
        self.faults: dict[tuple[str, str], str] = {}

    def value(self, code: str, name: str, given: Any, *, core: Core, known: bool = True) -> StatusValue:
        """Return one value with its quality."""
        if given is not None:
            argument = self.sxl.find_argument(code, name)
            problem = "not in this SXL" if argument is None else problem_of(argument, given)
            if problem:
                self.faults[code, name] = problem
                given = None
        if given is None or (isinstance(given, list) and not core.array_values):
            return StatusValue(code, name, None, _missing(core, known=known))
        return StatusValue(code, name, given, "recent")

    def read(
        self,
        device: Device,
        component_id: str,
        names: Iterable[tuple[str, str]],
        *,
        core: Core,
        now_ms: int,
    ) -> list[StatusValue]:
        """Return the values that were asked for, whatever is known of them."""
        known = component_id in device.components
        read: dict[str, Mapping[str, Any] | None] = {}
        values = []
        for code, name in names:
            if known and code not in read:
                read[code] = device.read_status(component_id, code, now_ms=now_ms)
            given = (read.get(code) or {}).get(name)
            values.append(self.value(code, name, given, core=core, known=known))
        return values


def _missing(core: Core, *, known: bool) -> Any:
    return "unknown" if known or not core.undefined_quality else "undefined"


def carry_out(
    sxl: Sxl, device: Device, request: CommandRequest, *, core: Core, now_ms: int
) -> list[CommandValue]:
    """Carry out all commands of a message, or none of them, and return what was taken."""
    known = request.component_id in device.components
    commands = _by_code(request.arguments)
    rows = {code: _checked(sxl, code, given) for code, given in commands.items()}
    age: dict[str, Any] = dict.fromkeys(commands, _missing(core, known=False))
    if known:
        for code, row in rows.items():
            _allowed(device, request.component_id, row, commands[code])
        for code, given in commands.items():
            values = {one.name: one.value for one in given}
            done = device.command(request.component_id, code, values, now_ms=now_ms)
            age[code] = "recent" if done else "unknown"
    return [_taken(one, age[one.code]) for one in request.arguments]


def _by_code(arguments: Iterable[CommandArgument]) -> dict[str, list[CommandArgument]]:
    found: dict[str, list[CommandArgument]] = {}
    for one in arguments:
        found.setdefault(one.code, []).append(one)
    return found


def _checked(sxl: Sxl, code: str, given: list[CommandArgument]) -> Command:
    words = {one.command for one in given}
    if len(words) > 1:
        raise SxlViolation(f"command {code} with several words: {', '.join(sorted(words))}", code=code)
    return sxl.check_command(code, {one.name: one.value for one in given}, word=words.pop())


def _allowed(device: Device, component_id: str, row: Command, given: list[CommandArgument]) -> None:
    kind = device.components[component_id]
    if row.of is not kind:
        raise SxlViolation(f"command {row.code} is for a {row.of}, {component_id} is a {kind}", code=row.code)
    values = {one.name: one.value for one in given}
    level, name = row.level, "securityCode"
    if row.code == "M0103":
        level, name = (1 if values["status"] == "Level1" else 2), "oldSecurityCode"
    if level and not device.check_code(level, str(values[name])):
        raise SxlViolation(WRONG_CODE, code=row.code, name=name)


def _taken(one: CommandArgument, age: Any) -> CommandValue:
    nothing = age in {"unknown", "undefined"}
    return CommandValue(one.code, one.name, None if nothing else one.value, age)

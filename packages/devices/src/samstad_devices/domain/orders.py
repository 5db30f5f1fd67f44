"""A command with its arguments in it: inside its limits, and what the device shows when it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from samstad_devices.domain.command_rule import Argument, CommandRule, Scalar
from samstad_devices.domain.normalise import Measurement

__all__ = ["Expected", "Order", "OrderRefused", "order_of", "shows"]


class Expected(NamedTuple):
    """What a device shows when it was done."""

    of: str
    attribute: str
    value: Scalar
    tolerance: float


class Order(NamedTuple):
    """A command with its arguments in it.

    Attributes:
        data: to be encoded; None where ``payload`` is ready.
        payload: bytes as they are.
        expected: None where the device does not show it.
    """

    name: str
    data: Any
    payload: bytes | None
    port: int
    is_acknowledged: bool
    attempts: int
    retry_us: int
    expected: Expected | None


class OrderRefused(Exception):
    """A command cannot be carried out as it stands.

    Attributes:
        cause: in the models' word.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


def order_of(name: str, rule: CommandRule | None, arguments: Mapping[str, Any]) -> Order:
    """Return the order of a command.

    Raises:
        OrderRefused: the device has no such command, an argument is none, or lies outside its limits.
    """
    if rule is None:
        raise OrderRefused("unknownCommand", f"The device's model has no command {name!r:.80}.")
    unknown = set(arguments) - set(rule.arguments)
    if unknown:
        raise OrderRefused("invalidArguments", f"{name} has no argument {min(unknown)!r:.80}.")
    given = {one: _argument(one, told, arguments.get(one)) for one, told in rule.arguments.items()}
    expected = None
    if rule.equals is not None:
        expected = Expected(rule.of, rule.attribute, _filled(rule.equals, given), rule.tolerance)
    payload = bytes.fromhex(rule.hex) if rule.hex else None
    return Order(
        name=name,
        data=_filled(rule.data, given),
        payload=payload,
        port=rule.port,
        is_acknowledged=rule.acknowledged,
        attempts=rule.attempts,
        retry_us=round(rule.retry_s * 1_000_000),
        expected=expected,
    )


def _argument(name: str, rule: Argument, told: Any) -> Scalar:
    value = rule.otherwise if told is None else told
    if value is None:
        raise OrderRefused("invalidArguments", f"The argument {name} is missing.")
    if not isinstance(value, bool | int | float | str):
        raise OrderRefused("invalidArguments", f"The argument {name} is one value.")
    if rule.words and not any(_is(value, word) for word in rule.words):
        words = ", ".join(map(str, rule.words))
        raise OrderRefused("invalidArguments", f"The argument {name} is one of {words}.")
    if rule.least is not None or rule.most is not None:
        _check_limits(name, rule, value)
    return value


def _is(value: Scalar, word: Scalar) -> bool:
    return value == word and isinstance(value, bool) == isinstance(word, bool)


def _check_limits(name: str, rule: Argument, value: Scalar) -> None:
    if isinstance(value, bool | str):
        raise OrderRefused("invalidArguments", f"The argument {name} is a number.")
    low = float("-inf") if rule.least is None else rule.least
    high = float("inf") if rule.most is None else rule.most
    if not low <= value <= high:
        raise OrderRefused("safetyLimit", f"The argument {name} is from {low:g} to {high:g}, not {value:g}.")


def _filled(data: Any, given: Mapping[str, Scalar]) -> Any:
    if isinstance(data, str):
        return given[data[1:]] if data.startswith("$") else data
    if isinstance(data, Mapping):
        return {name: _filled(part, given) for name, part in data.items()}
    if isinstance(data, list):
        return [_filled(part, given) for part in data]
    return data


def shows(expected: Expected, measurements: Iterable[Measurement]) -> bool:
    """Tell whether measurements show that an order was carried out."""
    for one in measurements:
        if (one.of, one.attribute) == (expected.of, expected.attribute):
            return _agrees(one.value, expected)
    return False


def _agrees(value: Scalar, expected: Expected) -> bool:
    if isinstance(value, bool | str) or isinstance(expected.value, bool | str):
        return _is(value, expected.value)
    return abs(value - expected.value) <= expected.tolerance

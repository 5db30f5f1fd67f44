"""What an operator may order, and which command of the exchange list (TLC SXL) carries it out.

A row for each word; arguments are checked before anything is sent, because a controller that refuses
says less. The security code is none of the domain's: the gateway adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["ORDERS", "Order", "OrderRefused", "order_of", "shows_mode"]

Arguments = Mapping[str, Any]
MODES: Mapping[str, str] = {"normal": "NormalControl", "flashing": "YellowFlash", "dark": "Dark"}
PLANS = (1, 255)


class OrderRefused(ValueError):
    """An order cannot be carried out: ``cause`` is the models' CommandCause."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class Order(NamedTuple):
    """A command of the exchange list: its code and arguments, as text."""

    code: str
    values: Mapping[str, str]


def _number(arguments: Arguments, name: str, bounds: tuple[int, int]) -> str:
    value = arguments.get(name)
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OrderRefused(
            "invalidArguments", f"{name} is a whole number from {low} to {high}, not {value!r}"
        )
    return str(value)


def _select(arguments: Arguments) -> Order:
    return Order("M0002", {"status": "True", "timeplan": _number(arguments, "plan", PLANS)})


def _release(arguments: Arguments) -> Order:
    del arguments
    return Order("M0002", {"status": "False", "timeplan": "1"})


def _mode(arguments: Arguments) -> Order:
    mode = arguments.get("mode")
    if not isinstance(mode, str) or mode not in MODES:
        raise OrderRefused("invalidArguments", f"mode is {', '.join(MODES)}, not {mode!r}")
    if mode == "dark" and arguments.get("timeoutMinutes", 0) == 0:
        raise OrderRefused("safetyLimit", "a junction is made dark for a time: give timeoutMinutes")
    timeout = _number({"timeoutMinutes": 0, **arguments}, "timeoutMinutes", (0, 1440))
    intersection = _number({"intersection": 0, **arguments}, "intersection", (0, 255))
    return Order("M0001", {"status": MODES[mode], "timeout": timeout, "intersection": intersection})


def _switched(code: str, number: str | None) -> Callable[[Arguments], Order]:
    def order(arguments: Arguments) -> Order:
        on = arguments.get("on")
        if not isinstance(on, bool):
            raise OrderRefused("invalidArguments", f"on is true or false, not {on!r}")
        values = {"status": str(on)}
        return Order(code, values | ({number: _number(arguments, number, PLANS)} if number else {}))

    return order


def _of_plan(code: str, name: str, bounds: tuple[int, int]) -> Callable[[Arguments], Order]:
    def order(arguments: Arguments) -> Order:
        value = _number(arguments, name, bounds)
        return Order(code, {"status": value, "plan": _number(arguments, "plan", PLANS)})

    return order


def _bands(arguments: Arguments) -> Order:
    bands = arguments.get("bands")
    if not isinstance(bands, dict) or not bands:
        raise OrderRefused("invalidArguments", "bands maps numbers of dynamic bands to seconds of extension")
    text = ",".join(f"{_band(band)}-{_number(bands, band, (0, 99))}" for band in bands)
    return Order("M0014", {"plan": _number(arguments, "plan", PLANS), "status": text})


def _band(text: str) -> int:
    if not text.isdecimal():
        raise OrderRefused("invalidArguments", f"{text!r} is no number of a dynamic band")
    return int(text)


ORDERS: Mapping[str, Callable[[Arguments], Order]] = {
    "selectPlan": _select,
    "releasePlan": _release,
    "setMode": _mode,
    "setFixedTime": _switched("M0007", None),
    "setEmergencyRoute": _switched("M0005", "emergencyroute"),
    "activateInput": _switched("M0006", "input"),
    "setOffset": _of_plan("M0015", "offset", (0, 255)),
    "setCycleTime": _of_plan("M0018", "cycleTime", (1, 255)),
    "setSplits": _bands,
}
"""By commandName of the Command entity."""


def order_of(name: str, arguments: Arguments) -> Order:
    """Return what carries out a command.

    Raises:
        OrderRefused: the name is none (cause ``unknownCommand``), or the arguments are wrong.
    """
    make = ORDERS.get(name)
    if make is None:
        raise OrderRefused("unknownCommand", f"{name!r} is none of {', '.join(ORDERS)}")
    return make(arguments)


def shows_mode(order: Order, *, yellow_flash: bool | None, switched_on: bool | None) -> bool:
    """Tell whether the statuses show that an M0001 is in effect; False while they are not known."""
    if yellow_flash is None or switched_on is None:
        return False
    shown = "Dark" if not switched_on else "YellowFlash" if yellow_flash else "NormalControl"
    return shown == order.values["status"]

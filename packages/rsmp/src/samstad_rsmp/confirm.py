"""How a command is seen to be in effect: by the status that the site tells, not by its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from samstad_rsmp.session.supervisor import SiteBook

__all__ = ["EXPECTED", "Expected", "is_confirmed"]

Told = Mapping[str, Any]
Wanted = Mapping[str, str]


class Expected(NamedTuple):
    """The status that shows a command, and when it does.

    Attributes:
        status: the code of the status.
        names: the values that must be known.
        shows: tells from these values and the command's arguments whether it is in effect.
    """

    status: str
    names: tuple[str, ...]
    shows: Callable[[Told, Wanted], bool]


def _flag(row: str, position: str) -> Callable[[Told, Wanted], bool]:
    return lambda told, wanted: _at(told[row], int(wanted[position])) == _digit(wanted["status"])


def _at(states: str, number: int) -> str:
    return states[number - 1 : number]


def _digit(boolean: str) -> str:
    return "1" if boolean == "True" else "0"


def _pairs(text: str) -> set[str]:
    return set(text.split(","))


def _plan(told: Told, wanted: Wanted) -> bool:
    is_it = str(told["status"]) == wanted["timeplan"]
    return is_it if wanted["status"] == "True" else told.get("source") != "forced"


def _bands(told: Told, wanted: Wanted) -> bool:
    return {f"{wanted['plan']}-{pair}" for pair in _pairs(wanted["status"])} <= _pairs(told["status"])


def _of_plan(told: Told, wanted: Wanted) -> bool:
    return f"{wanted['plan']}-{wanted['status']}" in _pairs(told["status"])


def _route(told: Told, wanted: Wanted) -> bool:
    active = {str(one["id"]) for one in told["emergencyroutes"]}
    return (wanted["emergencyroute"] in active) is (wanted["status"] == "True")


def _subset(told: Told, wanted: Wanted) -> bool:
    return _pairs(wanted["status"]) <= _pairs(told["status"])


EXPECTED: Mapping[str, Expected] = {
    "M0002": Expected("S0014", ("status", "source"), _plan),
    "M0005": Expected("S0035", ("emergencyroutes",), _route),
    "M0006": Expected("S0003", ("inputstatus",), _flag("inputstatus", "input")),
    "M0007": Expected("S0009", ("status",), lambda told, wanted: told["status"] == wanted["status"]),
    "M0014": Expected("S0023", ("status",), _bands),
    "M0015": Expected("S0024", ("status",), _of_plan),
    "M0016": Expected("S0026", ("status",), _subset),
    "M0017": Expected("S0027", ("status",), _subset),
    "M0018": Expected("S0028", ("status",), _of_plan),
    "M0019": Expected("S0029", ("status",), _flag("status", "input")),
    "M0020": Expected("S0030", ("status",), _flag("status", "output")),
    "M0021": Expected("S0031", ("status",), _subset),
    "M0023": Expected("S0034", ("status",), lambda told, wanted: told["status"] == wanted["status"]),
}
"""Commands that one status shows; M0006 is not shown while the input is active by its wire."""


def is_confirmed(book: SiteBook, component_id: str, code: str, wanted: Wanted) -> bool:
    """Tell whether what a site has told shows a command in effect; False while too little is known."""
    expected = EXPECTED[code]
    known = {name: book.statuses.get((component_id, expected.status, name)) for name in expected.names}
    told = {name: one.value for name, one in known.items() if one is not None and one.value is not None}
    needed = expected.names[:1]
    return all(name in told for name in needed) and expected.shows(told, wanted)

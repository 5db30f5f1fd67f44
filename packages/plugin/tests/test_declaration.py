"""What a distribution may say of its service, and what is refused before anything runs."""

from __future__ import annotations

import msgspec
import pytest

from samstad_plugin import Command, Plugin, Problem, ProblemText
from samstad_plugin.service import Caller


class BinsSettings(msgspec.Struct, frozen=True):
    depth_m: float = 1.5


def bins(**changes) -> Plugin:
    told = {"name": "bins", "text": "Empties.", "settings": BinsSettings, "start": "json:loads"}
    return Plugin(**{**told, **changes})


def problem(name: str) -> Problem:
    text = ProblemText("Full", "The bin is full.", "Empty it.")
    return Problem(name, 409, text, text)


def test_a_service_is_loaded_when_it_is_wanted_and_not_before():
    assert bins(start="no.such.module:start").name == "bins"
    assert bins().load()("[1]") == [1]


@pytest.mark.parametrize("name", ["", "Bins", "my-bins", "1bins", "b" * 33, "bins\n"])
def test_a_name_that_cannot_be_a_path_and_a_section_is_refused(name):
    with pytest.raises(ValueError, match="no service's name"):
        bins(name=name)


def test_a_target_is_a_module_and_a_function():
    with pytest.raises(ValueError, match="no module:function"):
        bins(start="json.loads")
    with pytest.raises(ValueError, match="no module:function"):
        bins(commands=(Command("empty", "json", "Empties."),))


def test_problems_of_a_service_cannot_be_taken_for_those_of_another():
    assert bins(problems=(problem("bins-full"),)).problems[0].status == 409
    with pytest.raises(ValueError, match="begins with bins-"):
        bins(problems=(problem("lamps-dark"),))


def test_a_caller_is_shown_without_its_credentials():
    caller = Caller("anna", "roads", {"x-api-key": "secret"})
    assert "secret" not in repr(caller)
    assert "anna" in repr(caller)

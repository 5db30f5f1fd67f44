"""What is installed as a service, and what is refused with the name of whom it is about."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import msgspec
import pytest

from samstad_node.plugins import RESERVED, read_plugins
from samstad_plugin import GROUP, Plugin


class Settings(msgspec.Struct, frozen=True):
    """Nothing to set."""


def plugin(name: str) -> Plugin:
    return Plugin(name=name, text="Does something.", settings=Settings, start="json:loads")


@pytest.fixture
def entry(monkeypatch):
    def make(name: str, value: object) -> EntryPoint:
        module = ModuleType(f"service_of_{name}")
        module.plugin = value
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, f"{module.__name__}:plugin", GROUP)

    return make


def test_services_are_found_by_name_in_a_fixed_order(entry):
    found = read_plugins([entry("waste", plugin("waste")), entry("lamps", plugin("lamps"))])
    assert list(found.plugins) == ["lamps", "waste"]
    assert not found.broken


def test_what_is_no_plugin_is_told_and_stops_no_other(entry):
    found = read_plugins([entry("lamps", "a text"), entry("waste", plugin("waste"))])
    assert list(found.plugins) == ["waste"]
    assert "service_of_lamps:plugin is no Plugin" in found.broken["lamps"]


def test_what_cannot_be_imported_tells_why():
    found = read_plugins([EntryPoint("lamps", "no_such_module:plugin", GROUP)])
    assert "no_such_module" in found.broken["lamps"]
    assert "ModuleNotFoundError" in found.broken["lamps"]
    assert not found.plugins


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_service_cannot_take_a_name_of_the_nodes_own(entry, name):
    found = read_plugins([entry(name, plugin(name))])
    assert "cannot be called" in found.broken[name]
    assert not found.plugins


def test_of_two_services_with_one_name_neither_is_used(entry):
    one = entry("lamps", plugin("lamps"))
    found = read_plugins([one, one, one, entry("waste", plugin("waste"))])
    assert list(found.plugins) == ["waste"]
    assert "Two services are called lamps" in found.broken["lamps"]

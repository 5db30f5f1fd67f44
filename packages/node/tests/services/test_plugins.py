"""What is installed as a service, and what is refused with the name of whom it is about."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import msgspec
import pytest

from samstad_node.plugins import RESERVED, PluginRefused, read_plugins
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
    assert list(found) == ["lamps", "waste"]


def test_what_is_no_plugin_is_refused_and_not_passed_over(entry):
    with pytest.raises(PluginRefused, match="service_of_lamps:plugin is no Plugin"):
        read_plugins([entry("lamps", "a text")])


def test_what_cannot_be_imported_tells_why():
    with pytest.raises(PluginRefused, match="no_such_module"):
        read_plugins([EntryPoint("lamps", "no_such_module:plugin", GROUP)])


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_service_cannot_take_a_name_of_the_nodes_own(entry, name):
    with pytest.raises(PluginRefused, match="cannot be called"):
        read_plugins([entry(name, plugin(name))])


def test_two_services_of_one_name_are_refused(entry):
    one = entry("lamps", plugin("lamps"))
    with pytest.raises(PluginRefused, match="Two services are called lamps"):
        read_plugins([one, one])

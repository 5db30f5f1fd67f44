"""The package's surface: sorted ``__all__``, documented settings, described plugin, errors with a status."""

import importlib
import pkgutil

import msgspec
import pytest

import samstad_access
from samstad_access import plugin
from samstad_access.errors import AccessError
from samstad_access.store.sqlite.store import SqliteStore

MODULES = [module.name for module in pkgutil.walk_packages(samstad_access.__path__, "samstad_access.")]


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_offers_is_there_and_sorted(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])
    assert all(hasattr(module, member) for member in offered)
    assert (
        sorted(offered, key=lambda member: (not member.isupper(), not member[0].isupper(), member)) == offered
    )


def test_every_setting_is_described_and_has_a_default():
    schema = msgspec.json.schema(plugin.settings)["$defs"]["AccessSettings"]
    for name, field in schema["properties"].items():
        assert field["description"].endswith("."), name
        assert "default" in field, name
    assert plugin.settings() == plugin.settings()


def test_the_plugin_s_migrations_are_those_of_the_store(tmp_path):
    store = SqliteStore(tmp_path / plugin.database)
    assert store._connection.pragma("user_version") == len(plugin.migrations) == 1
    store.close()


def test_each_error_has_a_name_of_its_own():
    kinds = AccessError.__subclasses__()
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert all(kind.name != AccessError.name for kind in kinds)

"""The package's surface: sorted ``__all__``, documented settings, described plugin, errors with a status."""

import importlib
import pkgutil
from pathlib import Path

import msgspec
import pytest

import samstad_access
from samstad_access import plugin
from samstad_access.domain.role import Binding, grants
from samstad_access.domain.secret_text import SECRET_PATTERN
from samstad_access.errors import AccessError
from samstad_access.http.app import create_app
from samstad_access.service.policy.engine import Policy, grant_attributes
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


REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "access.md"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the documentation is not beside the package")
def test_every_setting_route_problem_and_attribute_is_documented(house):
    text = REFERENCE.read_text("utf-8")
    for name in plugin.settings.__struct_fields__:
        assert f"| `{name}` |" in text
    mount = create_app(house.access, now_us=lambda: 0).routes[0]
    for route in mount.routes:
        for method in route.methods - {"HEAD"}:
            assert f"`{method} /access/v1{route.path.replace(':path', '')}`" in text
    for kind in AccessError.__subclasses__():
        if kind.status != 500:
            assert f"| `/problems/{kind.name}` | {kind.status} |" in text
    for attribute in grant_attributes(grants([Binding(role="reader", tenants=("",))], {})[0]):
        assert f"`{attribute}`" in text
    assert f"samstad_{SECRET_PATTERN.partition(')_')[2]}" in text


@pytest.mark.skipif(not REFERENCE.exists(), reason="the documentation is not beside the package")
def test_the_policy_in_the_documentation_is_one():
    found = REFERENCE.read_text("utf-8").partition("```cedar\n")[2].partition("```")[0]
    assert Policy(found).version != Policy().version


def test_the_plugin_s_migrations_are_those_of_the_store(tmp_path):
    store = SqliteStore(tmp_path / plugin.database)
    assert store._connection.pragma("user_version") == len(plugin.migrations) == 1
    store.close()


def test_each_error_has_a_name_of_its_own():
    kinds = AccessError.__subclasses__()
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert all(kind.name != AccessError.name for kind in kinds)

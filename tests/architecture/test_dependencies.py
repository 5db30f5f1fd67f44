"""Each package imports only what it declares, wherever in a file the import stands."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
import rooms

NAME = re.compile(r"^[A-Za-z0-9._-]+")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(root: Path, member: str) -> set[str]:
    project = tomllib.loads((root / "packages" / member / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return {canonical(NAME.match(requirement)[0]) for requirement in project["dependencies"]}


def imported(tree: ast.AST) -> set[str]:
    """Return the first names of everything that is imported, in functions and for types too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("member", rooms.members())
def test_a_package_declares_what_it_imports(root, sources, member):
    distributions = importlib.metadata.packages_distributions()
    own = declared(root, member) | {f"samstad-{member}"}
    undeclared: dict[str, set[str]] = {}
    for source in sources:
        if source.member != member:
            continue
        for name in imported(source.tree) - set(sys.stdlib_module_names):
            offered = {canonical(one) for one in distributions.get(name, [name])}
            if not offered & own:
                undeclared.setdefault(name, set()).add(str(source.path))
    assert not undeclared


def test_an_import_inside_a_function_is_seen():
    tree = ast.parse("def f():\n    import duckdb.typing\n    from shapely import prepare\n")
    assert imported(tree) == {"duckdb", "shapely"}


@pytest.mark.parametrize("member", rooms.members())
def test_a_package_depends_on_what_the_table_allows(root, member):
    ours = {name.removeprefix("samstad-") for name in declared(root, member) if name.startswith("samstad-")}
    allowed = next(room for room in rooms.ROOMS if room.name == member).may_import
    assert allowed == ("*",) or ours <= set(allowed)

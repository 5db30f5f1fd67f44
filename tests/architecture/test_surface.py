"""The public surface is explicit, and names say what a thing is."""

from __future__ import annotations

import ast
import importlib
import re

BANNED_MODULES = re.compile(r"^_?(utils?|helpers?|common|managers?|misc|shared|base|stuff)$")
BANNED_CLASSES = re.compile(r"(Manager|Helper|Utils?|Common|Processor)$")


def all_of(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return ast.literal_eval(node.value)
    return None


def as_the_linter_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by name."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def test_what_a_module_says_it_offers_is_there_and_sorted(sources):
    wrong = []
    for source in sources:
        offered = all_of(source.tree)
        if offered is None:
            continue
        module = importlib.import_module(source.module)
        wrong += [f"{source.path}: {name} is not there" for name in offered if not hasattr(module, name)]
        if offered != sorted(set(offered), key=as_the_linter_sorts):
            wrong.append(f"{source.path}: __all__ is not sorted")
    assert not wrong


def test_a_module_with_public_definitions_says_what_it_offers(sources):
    silent = [
        str(source.path)
        for source in sources
        if all_of(source.tree) is None
        and not source.path.name.startswith("_")
        and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            for node in source.tree.body
        )
    ]
    assert not silent


def test_names_that_say_nothing_are_not_used(sources):
    wrong = []
    for source in sources:
        if any(BANNED_MODULES.match(part) for part in source.module.split(".")):
            wrong.append(str(source.path))
        wrong += [
            f"{source.path}: {node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef) and BANNED_CLASSES.search(node.name)
        ]
    assert not wrong
    assert BANNED_CLASSES.search("EntityManager")
    assert not BANNED_CLASSES.search("Commonwealth")


def test_every_module_says_what_it_is_about(sources):
    assert not [str(source.path) for source in sources if not ast.get_docstring(source.tree)]

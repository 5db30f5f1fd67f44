"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
import statistics

import pytest
import rooms

LONGEST_FILE = 600
TABLES: frozenset[str] = frozenset()
"""Files that are tables from beginning to end; the list may only shrink."""
LONGEST_P90 = 25
LONGEST_MEDIAN = 10


def function_lengths(tree: ast.AST) -> list[int]:
    """Count each function's lines without its docstring and signature."""
    lengths = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lengths.append(node.end_lineno - body[0].lineno + 1)
    return lengths


def test_files_are_short(sources):
    long = {str(s.path): n for s in sources if (n := s.text.count("\n")) > LONGEST_FILE}
    assert not {path: lines for path, lines in long.items() if path not in TABLES}
    assert set(long) >= TABLES, "the list of tables may only shrink: take out what is short now"


@pytest.mark.parametrize("member", rooms.members())
def test_functions_are_short(sources, member):
    lengths = [n for source in sources if source.member == member for n in function_lengths(source.tree)]
    if len(lengths) < 10:
        pytest.skip(f"{member} has too few functions to speak of percentiles")
    assert statistics.quantiles(lengths, n=10)[-1] <= LONGEST_P90
    assert statistics.median(lengths) < LONGEST_MEDIAN


def test_a_docstring_does_not_count():
    tree = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    assert function_lengths(tree) == [1]

"""The table of conformance: what tests/conformance/features.tsv claims, and the tests that show it.

A test shows features by the mark ``pytest.mark.shows("MNEMONIC", ...)``, by the names of CIM 009 annex A.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["SUITE", "Feature", "conformance_page", "features", "shown"]

SUITE = Path(__file__).resolve().parent.parent / "tests" / "conformance"
PARTS = {
    "A.5.1.1": "Architecture",
    "A.5.1.2": "@context",
    "A.5.1.3": "Representation",
    "A.5.1.4": "Restrictions",
    "A.5.1.5": "Languages of selection",
    "A.5.1.6": "What operations share",
    "A.5.1.7": "What the HTTP binding shares",
}
OPERATIONS = "Operations"
WORDS = {"yes": "supported", "partly": "partly", "no": "not"}


class Feature(NamedTuple):
    """One row of annex A.5 of CIM 009 v1.9.1, and what is claimed of it."""

    feature: str
    """The annex's mnemonic; where it gives one twice, with a suffix."""
    section: str
    title: str
    clauses: str
    supported: str
    note: str

    @property
    def part(self) -> str:
        """The heading on the page."""
        return PARTS.get(self.section, OPERATIONS)


def features() -> list[Feature]:
    """Return every row, in the annex's order."""
    with (SUITE / "features.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        return [Feature(*row) for row in rows]


def shown() -> dict[str, list[str]]:
    """Return the tests that show each feature, as ``file::name``."""
    found: dict[str, list[str]] = {}
    for path in sorted(SUITE.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for feature in _marks(node):
                    found.setdefault(feature, []).append(f"{path.name}::{node.name}")
    return found


def _marks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.shows":
            yield from (str(one.value) for one in decorator.args if isinstance(one, ast.Constant))


def conformance_page(made: str) -> str:
    """Return docs/reference/conformance.md."""
    rows, tests = features(), shown()
    yes, partly, no = (sum(row.supported == word for row in rows) for word in WORDS)
    lines = [
        "# Conformance with NGSI-LD",
        "",
        made,
        "",
        "Every feature of annex A.5 of ETSI GS CIM 009 v1.9.1, with what holds here and the tests that show",
        "it. The tests are in `tests/conformance`: each asks a whole broker over its HTTP binding, for what",
        "the clause wants and for something that it forbids.",
        "",
        f"Of {len(rows)} features {yes} are supported, {partly} partly, {no} not.",
    ]
    for part in (*PARTS.values(), OPERATIONS):
        lines += [
            "",
            f"## {part}",
            "",
            "| feature | clauses | here | shown by |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_line(row, tests.get(row.feature, [])) for row in rows if row.part == part]
    return "\n".join(lines) + "\n"


def _line(row: Feature, tests: list[str]) -> str:
    here = WORDS[row.supported] + (f": {row.note}" if row.note else "")
    names = ", ".join(f"`{test}`" for test in tests)
    title = row.title if row.title.startswith("`") else f"{row.title} ({row.feature})"
    return f"| {title} | {row.clauses} | {here} | {names or '-'} |"

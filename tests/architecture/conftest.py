"""The tree as the tests of the architecture see it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Source(NamedTuple):
    """One module of one package."""

    member: str
    path: Path
    module: str
    text: str
    tree: ast.Module


@cache
def _sources() -> tuple[Source, ...]:
    found = []
    for path in sorted(ROOT.glob("packages/*/src/**/*.py")):
        relative = path.relative_to(ROOT)
        parts = relative.with_suffix("").parts[3:]
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found.append(Source(relative.parts[1], relative, module, text, ast.parse(text)))
    return tuple(found)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def sources() -> tuple[Source, ...]:
    return _sources()


@pytest.fixture(scope="session")
def committed() -> list[Path]:
    """Text files that are committed, or would be."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nobody can tell what is committed")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]

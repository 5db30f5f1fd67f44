"""Run each package's tests in an environment that holds only what the package declares.

Usage: make test-isolated, or scripts/isolated.py NAME ... for some packages. Versions are those of
requirements/all.txt; beside the declared dependencies stand the test tools alone. This catches what no
import contract sees: a dependency that is used but not declared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = str(ROOT / ".venv" / "bin" / "uv")
TEST_TOOLS = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis")
EXTRA_TOOLS = {
    "ngsild": ("PyLD",),
    "broker": ("amqtt", "jsonschema", "trustme"),
    "models": ("jsonschema",),
    "node": ("jsonschema", "trustme"),
    "rsmp": ("jsonschema", "pyyaml", "trustme"),
    "signals": ("libsumo",),
}
"""What a package's tests need beyond the tools that all share: oracles and stand-ins of others."""
NO_TESTS_COLLECTED = 5


def declared(name: str) -> tuple[list[str], set[str]]:
    """Return the third-party requirements and the packages of ours that a package needs, transitively."""
    path = ROOT / "packages" / name / "pyproject.toml"
    wanted: list[str] = []
    ours = {name}
    for requirement in tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"]:
        if requirement.startswith("samstad-"):
            more, inner = declared(requirement.removeprefix("samstad-"))
            wanted += more
            ours |= inner
        else:
            wanted.append(requirement)
    return wanted, ours


def run_isolated(name: str, directory: Path) -> int:
    """Build the environment in a directory, run the package's tests in it, return pytest's exit code."""
    python = str(directory / "bin" / "python")
    wanted, ours = declared(name)
    install = [UV, "pip", "install", "--quiet", "--python", python]
    tools = [*TEST_TOOLS, *EXTRA_TOOLS.get(name, ()), "hatchling", "editables"]
    members = [part for member in sorted(ours) for part in ("--editable", str(ROOT / "packages" / member))]
    steps = (
        [UV, "venv", "--quiet", "--python", sys.executable, str(directory)],
        [*install, "--constraint", str(ROOT / "requirements" / "all.txt"), *wanted, *tools],
        [*install, "--no-deps", "--no-build-isolation", *members],
    )
    for step in steps:
        subprocess.run(step, check=True, cwd=ROOT)
    tests = ROOT / "packages" / name / "tests"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode


def main() -> int:
    """Run the named packages, or all; return 1 when one of them failed."""
    every = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    failed: list[str] = []
    for name in sys.argv[1:] or every:
        print(f"isolated: {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="samstad-isolated-") as directory:
            if run_isolated(name, Path(directory) / "venv") not in {0, NO_TESTS_COLLECTED}:
                failed.append(name)
    if failed:
        print(f"isolated: failed in {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

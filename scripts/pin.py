"""Resolve third-party dependencies into hashed files without the address of any registry.

Usage: make pins (keeps what is pinned and still fits), make pins UPGRADE=1 (takes the newest of all).

requirements/all.txt      everything that the packages declare, and requirements/dev.in beside it
requirements/interop.txt  a foreign NGSI-LD client whose own pins do not fit beside ours: a venv of its own
requirements/uv.txt       the installer itself
Our own distributions are left out: they are installed from this tree.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"


def third_party_requirements() -> list[str]:
    """Collect the dependencies that the packages declare, without our own."""
    found: set[str] = set()
    for path in sorted(ROOT.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        found.update(d for d in project["dependencies"] if not d.startswith("samstad-"))
    return sorted(found)


def compile_pins(name: str, wanted: str, *, upgrade: bool) -> int:
    """Write requirements/NAME.txt from requirement lines and return the resolver's exit code."""
    command = [
        str(ROOT / ".venv" / "bin" / "uv"), "pip", "compile", "-", "--quiet", "--universal",
        "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
        "--no-emit-index-url", "--no-emit-find-links", *(["--upgrade"] if upgrade else []),
        "--output-file", str(REQUIREMENTS / f"{name}.txt"),
    ]  # fmt: skip
    return subprocess.run(command, input=wanted.encode(), check=False).returncode


def main() -> int:
    """Write every file and return the first exit code that is not zero."""
    upgrade = "--upgrade" in sys.argv[1:]
    development = (REQUIREMENTS / "dev.in").read_text(encoding="utf-8")
    wanted = {"all": "\n".join([*third_party_requirements(), development])}
    wanted["interop"] = (REQUIREMENTS / "interop.in").read_text(encoding="utf-8")
    codes = [compile_pins(name, lines, upgrade=upgrade) for name, lines in wanted.items()]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())

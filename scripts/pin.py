"""Resolve every third-party dependency of the workspace into one hashed file, requirements/all.txt.

Usage: make pins. Our own distributions are left out: they are installed from this tree.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def third_party_requirements() -> list[str]:
    """Collect the dependencies that the packages declare, without our own."""
    found: set[str] = set()
    for path in sorted(ROOT.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        found.update(d for d in project["dependencies"] if not d.startswith("samstad-"))
    return sorted(found)


def main() -> int:
    """Write requirements/all.txt and return the resolver's exit code."""
    development = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8")
    wanted = "\n".join([*third_party_requirements(), development])
    command = [
        "uv", "pip", "compile", "-", "--quiet", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-header", "--no-annotate",
        "--no-emit-index-url", "--no-emit-find-links",
        "--output-file", str(ROOT / "requirements" / "all.txt"),
    ]  # fmt: skip
    return subprocess.run(command, input=wanted.encode(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

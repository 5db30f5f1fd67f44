"""The documentation builds without a warning, leaves no page out, and is what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import reference

LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
PAGES_OF_THE_PROJECT = (
    "README.md",
    "ARCHITECTURE.md",
    "DECISIONS.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
)
MADE_LATER: frozenset[str] = frozenset()
"""What pages show before it is there; the list may only shrink."""


def pages_in(nav: list) -> Iterator[str]:
    for item in nav:
        for value in item.values():
            if isinstance(value, str):
                yield value
            else:
                yield from pages_in(value)


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_generated_pages_are_what_the_code_says(root, name):
    assert (root / name).read_text(encoding="utf-8") == reference.PAGES[name](), "run `make reference`"


def test_every_page_is_in_the_navigation_once(root):
    nav = tomllib.loads((root / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = list(pages_in(nav))
    on_disk = sorted(path.relative_to(root / "docs").as_posix() for path in (root / "docs").glob("**/*.md"))
    assert sorted(listed) == on_disk


def test_the_site_builds_without_a_warning(root, tmp_path):
    shutil.copytree(root / "docs", tmp_path / "docs")
    shutil.copy(root / "zensical.toml", tmp_path)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "warning" not in told.lower()
    assert (tmp_path / "site" / "index.html").exists()


@pytest.mark.parametrize("name", PAGES_OF_THE_PROJECT)
def test_links_of_the_projects_pages_lead_somewhere(root, name):
    text = (root / name).read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (root / link).exists() and link not in MADE_LATER]
    assert not missing


def test_what_is_made_later_is_still_missing(root):
    assert not [name for name in MADE_LATER if (root / name).exists()], "take it out of MADE_LATER"


def test_the_readme_names_only_targets_and_commands_that_exist(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets


EVENT = re.compile(r"\.(?:debug|info|warning|error|exception)\(\s*\"([a-z_]+\.[a-z_.]+)\"")
METRIC = re.compile(r"\"(samstad_[a-z_]+)\"")
NO_METRICS = frozenset(
    {"samstad_console", "samstad_csrf", "samstad_models", "samstad_operations", "samstad_session"}
)
"""Names of cookies and packages that look like those of metrics."""


def in_code(root: Path, pattern: re.Pattern[str]) -> set[str]:
    found: set[str] = set()
    for path in (root / "packages").glob("*/src/**/*.py"):
        found |= set(pattern.findall(path.read_text(encoding="utf-8")))
    return found


def told(root: Path, heading: str) -> set[str]:
    """Return the names in the first column of the table under a heading of the page on observing."""
    text = (root / "docs/operate/observe.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name.partition("{")[0] for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def test_every_metric_is_explained_and_no_other(root):
    assert told(root, "Metrics") == in_code(root, METRIC) - NO_METRICS


def test_every_event_of_the_log_is_explained_and_no_other(root):
    assert told(root, "Logs") == in_code(root, EVENT)


@pytest.mark.parametrize("name", ["plugin", "service"])
def test_the_example_of_a_service_is_the_one_that_is_tested(root, name):
    page = (root / "docs/how-to/write-a-service.md").read_text(encoding="utf-8")
    code = (root / "tests/system/tally/samstad_tally" / f"{name}.py").read_text(encoding="utf-8")
    assert f'```python title="samstad_tally/{name}.py"\n{code}```' in page

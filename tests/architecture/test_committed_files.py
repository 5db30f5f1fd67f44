"""What is committed holds no path of a machine, no registry's host, no secret, no unfinished business."""

from __future__ import annotations

import re

RULES = {
    "a path of somebody's machine": re.compile(r"(?<![\w.:/-])/(?:work|root|home/[a-z]\w*|Users/\w+)/[\w.]"),
    "a package registry's host": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg\.com)\b"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{120,}"),
    "a token": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|glpat-[\w-]{20,}|xox[baprs]-[\w-]{20,})\b"
    ),
    "unfinished business": re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\")"),
}
SPEAKS_OF_THEM = frozenset({"tests/architecture/test_committed_files.py", "CONTRIBUTING.md"})
"""Files that name these things in order to forbid them."""


def found(name: str, text: str) -> list[str]:
    """Return what is wrong in a file, rule and line each."""
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {rule}: {match[0][:60]!r}"
        for rule, pattern in RULES.items()
        for match in pattern.finditer(text)
    ]


def test_committed_files_are_clean(root, committed):
    wrong: list[str] = []
    for path in committed:
        name = path.relative_to(root).as_posix()
        if name not in SPEAKS_OF_THEM:
            wrong += found(name, path.read_text(encoding="utf-8", errors="replace"))
    assert not wrong


def test_the_rules_see_what_they_are_for():
    seen = found("x", "a\n/home/somebody/x\nhttps://pypi.org/simple\nghp_" + "a" * 36)
    assert [line.split(": ")[1] for line in seen] == [
        "a path of somebody's machine",
        "a package registry's host",
        "a token",
    ]
    assert found("x", "see https://example.org/work/home and ./work/x") == []


def test_every_text_ends_with_a_line_end_and_has_no_carriage_returns(root, committed):
    wrong = []
    for path in committed:
        content = path.read_bytes()
        if content and (
            not content.endswith(b"\n") or (b"\r" in content and path.suffix not in {".csv", ".txt"})
        ):
            wrong.append(path.relative_to(root).as_posix())
    assert not wrong


def test_workflow_actions_are_pinned_to_a_commit(root):
    uses = re.findall(r"uses:\s*(\S+)", (root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert uses
    assert not [action for action in uses if not re.search(r"@[0-9a-f]{40}$", action)]

"""Write the pages of the documentation that are made from the code.

Usage: make reference. A test fails when a page is not what this writes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from conformance import conformance_page
from samstad_node.cli.exits import EXIT_TEXTS
from samstad_node.cli.main import application
from samstad_node.settings import Secret
from samstad_node.settings.fields import Field, fields, section_doc, sections
from samstad_rsmp.shell.cli import exits as rsmp_exits
from samstad_rsmp.shell.cli.main import application as rsmp_application
from samstad_rsmp.sxl.page import sxl_page

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by scripts/reference.py from the code; change that, then run `make reference`. -->"


def settings_page() -> str:
    """Return docs/reference/settings.md."""
    lines = [
        "# Settings",
        "",
        MADE,
        "",
        "A value is taken from the command line's flag, else the environment variable",
        "`SAMSTAD_<SECTION>_<KEY>`, else `samstad.toml`, else the default. Lists are separated by commas in",
        "the environment. An unknown key or a value that is not allowed refuses to start, with exit code 3,",
        "and names the key, the file and line, and what is allowed. `samstad settings show` tells what holds",
        "and where it came from; `samstad settings check` only checks.",
    ]
    for section in sections():
        lines += ["", f"## [{section}]", "", section_doc(section), ""]
        lines += ["| key | default | allowed | what it is |", "| --- | --- | --- | --- |"]
        lines += [_row(field) for field in fields() if field.section == section]
    return "\n".join(lines) + "\n"


def _row(field: Field) -> str:
    allowed = field.allowed.replace("|", "\\|")
    return f"| `{field.name}` | {_shown(field.default)} | {allowed} | {field.description} |"


def _shown(value: Any) -> str:
    if isinstance(value, Secret) or value in ("", ()):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def cli_page() -> str:
    """Return docs/reference/cli.md."""
    body = "\n".join(line.rstrip() for line in application().generate_docs().splitlines())
    head, _, rest = body.partition("\n")
    before, _, contents = rest.partition("## Table of Contents")
    rest = before + contents[contents.index("**Commands**") :]
    codes = [f"| {code.value} | {text} |" for code, text in EXIT_TEXTS.items()]
    tail = ["## Exit codes", "", "| code | what it tells |", "| --- | --- |", *codes]
    return "\n".join([head, "", MADE, rest.rstrip(), "", *tail]) + "\n"


def rsmp_cli_page() -> str:
    """Return docs/reference/rsmp-cli.md."""
    body = "\n".join(line.rstrip() for line in rsmp_application().generate_docs().splitlines())
    head, _, rest = body.partition("\n")
    before, _, contents = rest.partition("## Table of Contents")
    rest = before + contents[contents.index("**Commands**") :]
    codes = [f"| {code.value} | {text} |" for code, text in rsmp_exits.EXIT_TEXTS.items()]
    tail = ["## Exit codes", "", "| code | what it tells |", "| --- | --- |", *codes]
    return "\n".join([head, "", MADE, rest.rstrip(), "", *tail]) + "\n"


def signal_exchange_page() -> str:
    """Return docs/reference/rsmp-sxl.md."""
    return sxl_page(MADE)


def conformance() -> str:
    """Return docs/reference/conformance.md."""
    return conformance_page(MADE)


PAGES = {
    "docs/reference/conformance.md": conformance,
    "docs/reference/settings.md": settings_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/rsmp-cli.md": rsmp_cli_page,
    "docs/reference/rsmp-sxl.md": signal_exchange_page,
}


def main() -> int:
    """Write every page."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What commands print: text for people, or one JSON document with ``--json``."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import orjson
from cyclopts import Parameter

from samstad_node.cli.exits import CommandFailed

__all__ = ["Json", "emit", "print_failure"]

Json = Annotated[
    bool,
    Parameter(
        name="--json", negative="", show_default=False, help="Print one JSON document instead of text."
    ),
]
"""The parameter that every command has."""


def emit(value: Any, text: str, *, json: bool) -> None:
    """Print the value as JSON, or the text."""
    if json:
        sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif text:
        sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def print_failure(failure: CommandFailed, *, json: bool) -> None:
    """Say on standard error what went wrong and what to do."""
    if json:
        body = {"error": failure.detail, "todo": failure.todo, "exit": int(failure.exit)}
        sys.stderr.write(orjson.dumps(body).decode() + "\n")
        return
    sys.stderr.write(f"samstad: {failure.detail}\n")
    if failure.todo:
        sys.stderr.write(f"samstad: {failure.todo}\n")

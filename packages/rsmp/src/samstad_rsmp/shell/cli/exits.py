"""Exit codes, the one way in which a command fails, and what is printed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any

from cyclopts import Parameter

__all__ = ["EXIT_TEXTS", "CommandFailed", "Exit", "Json", "print_failure", "print_line"]

Json = Annotated[
    bool,
    Parameter(name="--json", negative="", show_default=False, help="Print one JSON document for each line."),
]
"""The parameter that every command has."""


class Exit(IntEnum):
    """What the exit code tells, as for ``samstad``."""

    OK = 0
    FAULT = 1
    USAGE = 2
    SETTINGS = 3
    UNREACHABLE = 4
    REFUSED = 5


EXIT_TEXTS = {
    Exit.OK: "done",
    Exit.FAULT: "a fault of ours",
    Exit.USAGE: "the command line was not understood, or the site would refuse what it says",
    Exit.SETTINGS: "a site file, certificate or port cannot be used",
    Exit.UNREACHABLE: "the site did not connect, or did not answer, in time",
    Exit.REFUSED: "the site refused, does not have it, or its status does not show the command in effect",
}


class CommandFailed(Exception):
    """A command cannot do what it was asked; told in one sentence, never by a traceback."""

    def __init__(self, detail: str, *, code: Exit, todo: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.todo = todo


def print_line(fields: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print one line: the fields as JSON, or the text."""
    line = json.dumps(fields, ensure_ascii=False) if as_json else text
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has gone: end in good order
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGTERM)


def print_failure(failure: CommandFailed, *, as_json: bool) -> None:
    """Say on standard error what went wrong and what to do."""
    if as_json:
        told = {"error": failure.detail, "todo": failure.todo, "exit": int(failure.code)}
        sys.stderr.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    sys.stderr.write(f"samstad-rsmp: {failure.detail}\n")
    if failure.todo:
        sys.stderr.write(f"  {failure.todo}\n")

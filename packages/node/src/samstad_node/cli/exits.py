"""Exit codes that scripts can use, and the one way in which a command fails."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["EXIT_TEXTS", "CommandFailed", "Exit"]


class Exit(IntEnum):
    """What the exit code tells."""

    OK = 0
    FAULT = 1
    USAGE = 2
    SETTINGS = 3
    UNREACHABLE = 4
    REFUSED_ROWS = 5


EXIT_TEXTS = {
    Exit.OK: "done",
    Exit.FAULT: "a fault of ours",
    Exit.USAGE: "the command line was not understood",
    Exit.SETTINGS: "a setting is wrong, or what it names cannot be used: a port, a data directory",
    Exit.UNREACHABLE: "the node, or what it needs, did not answer",
    Exit.REFUSED_ROWS: "done, but some rows were refused; the report names them",
}


class CommandFailed(Exception):
    """A command cannot do what it was asked; told in one sentence and what to do, never by a traceback."""

    def __init__(self, detail: str, *, exit: Exit, todo: str = "") -> None:  # noqa: A002  # what it is
        super().__init__(detail)
        self.detail = detail
        self.exit = exit
        self.todo = todo

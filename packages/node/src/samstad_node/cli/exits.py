"""Exit codes that scripts can use, and the one way in which a command fails."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CommandFailed", "Exit"]


class Exit(IntEnum):
    """What the exit code tells."""

    OK = 0
    FAULT = 1
    """A fault of ours."""
    USAGE = 2
    """The command line was not understood."""
    SETTINGS = 3
    """A setting is wrong, or the place it names cannot be used (a port taken, a data directory in use)."""
    UNREACHABLE = 4
    """The node, or what it needs, did not answer."""
    REFUSED_ROWS = 5
    """Done, but some rows were refused; the report names them."""


class CommandFailed(Exception):
    """A command cannot do what it was asked; told in one sentence and what to do, never by a traceback."""

    def __init__(self, detail: str, *, exit: Exit, todo: str = "") -> None:  # noqa: A002  # what it is
        super().__init__(detail)
        self.detail = detail
        self.exit = exit
        self.todo = todo

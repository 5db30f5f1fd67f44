"""What a distribution says of the service in it, without importing the service itself."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import msgspec

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from samstad_plugin.service import Service, Surroundings

__all__ = ["GROUP", "CannotStart", "Command", "Plugin", "Problem", "ProblemText", "Start"]

GROUP = "samstad.plugins"
"""The group of entry points."""

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
_TARGET = re.compile(r"[A-Za-z0-9_.]+:[A-Za-z0-9_]+")

Start: TypeAlias = "Callable[[Surroundings[Any]], AbstractAsyncContextManager[Service]]"
"""Opens what the service needs, gives it, and puts everything away in the end.

It raises CannotStart where trying again would not help; after any other error the node tries again.
"""


class CannotStart(Exception):
    """A service cannot work as things are, and trying again would not help: a wrong setting, a port taken.

    Args:
        detail: what is wrong, as a sentence.
        todo: what to do about it.
    """

    def __init__(self, detail: str, *, todo: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.todo = todo


class ProblemText(NamedTuple):
    """A problem's title, what it means and what to do, in one language."""

    title: str
    meaning: str
    todo: str


class Problem(msgspec.Struct, frozen=True):
    """A problem type of the service's; its help page stands at ``/problems/<name>``.

    Attributes:
        name: begins with the service's name and a hyphen.
        status: the HTTP status.
        sv: in Swedish.
        en: in English.
    """

    name: str
    status: int
    sv: ProblemText
    en: ProblemText


class Command(msgspec.Struct, frozen=True):
    """A command of the service's under ``samstad <service>``.

    Attributes:
        name: the word.
        target: ``module:function``, loaded when the command runs; a function that cyclopts understands and
            that returns the exit code.
        text: one sentence.
    """

    name: str
    target: str
    text: str


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """One service that a node can load.

    Attributes:
        name: of the role, the settings' section and the path ``/<name>/v1``.
        text: one sentence on what it does.
        settings: a frozen msgspec Struct in which everything has a default, with descriptions.
        start: ``module:function`` of a ``Start``; loaded only in the service's own process.
        commands: under ``samstad <name>``.
        problems: of its HTTP interface.

    Raises:
        ValueError: a name or a target is none.
    """

    name: str
    text: str
    settings: type[msgspec.Struct]
    start: str
    commands: tuple[Command, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no service's name: up to 32 lower-case letters and digits")
        for target in (self.start, *(command.target for command in self.commands)):
            if not _TARGET.fullmatch(target):
                raise ValueError(f"{target!r} is no module:function")
        for problem in self.problems:
            if not problem.name.startswith(self.name + "-"):
                raise ValueError(f"{problem.name!r}: a problem of {self.name} begins with {self.name}-")

    def load(self) -> Start:
        """Import and return what starts the service."""
        module, _, name = self.start.partition(":")
        return cast("Start", getattr(importlib.import_module(module), name))

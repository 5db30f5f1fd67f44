"""What a role is, and what it is given."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog

from samstad_broker.spi.clock import Clock
from samstad_node.observe import Metrics
from samstad_node.settings import Settings

__all__ = ["Role", "RoleContext", "RoleMain", "RoleRefused"]


class RoleRefused(Exception):
    """A role cannot start as things are, and trying again would not help: a port taken, a store too new.

    Raised before ``ready``; the first start of a node then ends with this exit code and sentence.
    """

    def __init__(self, detail: str, *, todo: str, exit_code: int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.todo = todo
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class RoleContext:
    """Everything that a role gets; it asks nothing of the process around it.

    Attributes:
        name: the role's name in the table.
        data: the node's data directory.
        settings: complete and checked.
        clock: the only clock (I7).
        metrics: the process's metrics.
        log: a structlog logger that carries the role.
        stop: set when the role must end; ``run`` then returns when everything is put away.
        ready: called once, with the ports that the role listens on by protocol name.
    """

    name: str
    data: Path
    settings: Settings
    clock: Clock
    metrics: Metrics
    log: structlog.typing.FilteringBoundLogger
    stop: asyncio.Event
    ready: Callable[[Mapping[str, int]], None]


RoleMain = Callable[[RoleContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Role:
    """A row of the table of roles.

    Attributes:
        target: ``module:function`` of the role's ``async def run(context)``; loaded only in its process, so
            that no role pays for another's imports.
        text: one sentence for ``--help``.
        named_only: started only when it is named, not by ``all``.
    """

    target: str
    text: str
    named_only: bool = False

    def load(self) -> RoleMain:
        """Import and return the function."""
        module, _, function = self.target.partition(":")
        found: Any = getattr(importlib.import_module(module), function)
        return cast("RoleMain", found)

"""Libraries that a role's process loads when it first uses them, so that it is ready sooner.

Importing this module settles it for all modules that are imported afterwards; ``samstad_node.role`` does so
first. Their ``import aiohttp`` stays where it belongs, at the top of the file.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["LATE"]

LATE = ("aiohttp", "aiomqtt")
"""Used by the event loop's thread alone: two threads must not be the first at once."""


class _Late(ModuleType):
    """Stands for a module until somebody asks for one of its members."""

    def __getattr__(self, member: str) -> Any:
        """Load the module; from then on its members are this one's too."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        loaded = import_module(self.__name__)
        vars(self).update(vars(loaded))
        return getattr(loaded, member)


def _load_late(name: str) -> None:
    spec = find_spec(name)
    if spec is not None and name not in sys.modules:
        late = sys.modules[name] = _Late(name)
        late.__spec__ = spec


def _log_without_rich() -> None:
    """Load structlog without what only its tracebacks in colour need: a role is no terminal."""
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # the documented way to refuse an import
    import_module("structlog.dev")
    del sys.modules["rich"]


for _name in LATE:
    _load_late(_name)
_log_without_rich()

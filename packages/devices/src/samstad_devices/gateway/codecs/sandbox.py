"""Codecs loaded in QuickJS contexts: one context for each, without any way out of it.

A context has ECMAScript and what ``before.js`` adds; no file, net, process or timer. It belongs to the thread
that made it, so a sandbox does too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import quickjs  # type: ignore[import-untyped]  # the wheel has no types

from samstad_devices.domain.errors import CodecExceeded, CodecFailed, CodecRefused, CodecThrew
from samstad_devices.gateway.codecs.limits import CodecLimits

__all__ = ["OPERATIONS", "Sandbox"]

OPERATIONS = frozenset({"decodeUplink", "decodeDownlink", "encodeDownlink", "normalizeUplink"})

_BEFORE = (files(__package__) / "before.js").read_text(encoding="utf-8")
_AFTER = (files(__package__) / "after.js").read_text(encoding="utf-8")
_LOAD_FACTOR = 20
"""Loading compiles the whole codec, which takes longer than a frame."""
_TOO_LONG = ("InternalError: interrupted", "InternalError: out of memory", "InternalError: stack overflow",
             "InternalError: string too long",
             "RangeError: Maximum call stack size exceeded", "null")  # fmt: skip
"""How QuickJS says that a limit was met; ``null`` is what is thrown when memory is out."""


@dataclass(slots=True)
class _Loaded:
    context: Any
    run: Any
    uses: int = 0


class Sandbox:
    """Keeps the codecs used lately loaded, and runs them."""

    def __init__(self, limits: CodecLimits) -> None:
        self._limits = limits
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()

    def knows(self, digest: str) -> bool:
        """Whether a codec is loaded."""
        return digest in self._loaded

    def load(self, digest: str, source: str) -> None:
        """Load a codec, in the place of the one longest unused where there are many.

        Raises:
            CodecRefused: it does not compile, or fails as it begins.
            CodecExceeded: it goes beyond a limit as it begins.
        """
        limits = self._limits
        context = quickjs.Context()
        context.set_memory_limit(limits.memory_mib * 1024 * 1024)
        context.set_max_stack_size(limits.stack_kib * 1024)
        context.set_time_limit(limits.time_ms * _LOAD_FACTOR / 1000)
        try:
            context.eval(_BEFORE)
            context.eval(source)
            context.eval(_AFTER)
        except quickjs.JSException as error:
            raise _failure(error, CodecRefused) from None
        context.set_time_limit(limits.time_ms / 1000)
        while len(self._loaded) >= limits.resident:
            self._loaded.popitem(last=False)
        self._loaded[digest] = _Loaded(context, context.get("__run"))

    def run(self, digest: str, operation: str, text: str) -> str:
        """Run an operation of a loaded codec on the JSON of its input; return the JSON of its answer.

        Raises:
            CodecRefused: the codec has no such operation.
            CodecThrew: it raised an error.
            CodecExceeded: it went beyond a limit; it is not loaded any more.
        """
        loaded = self._loaded[digest]
        self._loaded.move_to_end(digest)
        loaded.uses += 1
        if loaded.uses >= self._limits.uses:
            del self._loaded[digest]
        try:
            found = loaded.run(operation, text)
        except quickjs.JSException as error:
            failure = _failure(error, CodecThrew)
            if isinstance(failure, CodecExceeded):
                self._loaded.pop(digest, None)
            raise failure from None
        if found == "null":
            raise CodecRefused(f"The codec has no function for {operation}.")
        if not isinstance(found, str):
            raise CodecThrew("The codec returned nothing.")
        if len(found) > self._limits.output_bytes:
            raise CodecExceeded(f"The codec's answer is longer than {self._limits.output_bytes} bytes.")
        return found


def _failure(error: Exception, otherwise: type[CodecFailed]) -> CodecFailed:
    said = str(error).strip() or "null"
    first = said.splitlines()[0][:300]
    if first.startswith(_TOO_LONG):
        return CodecExceeded(f"The codec went beyond its time, memory or stack: {first}.")
    return otherwise(f"The codec failed: {first}.")

"""How the interpreter is set in every process that does a node's work."""

from __future__ import annotations

import gc
import sys

__all__ = ["settle_heap", "tune_interpreter"]

SWITCH_INTERVAL_S = 0.0005
"""A writer's thread gets the interpreter soon even while the event loop is busy (default: 5 ms)."""
COLLECTOR_THRESHOLDS = (50_000, 50, 100)
"""Few collections over a large heap of documents: they are what makes the slowest percent slow."""


def tune_interpreter() -> None:
    """Favour short waits over a little throughput."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def settle_heap() -> None:
    """Let the collector look no more at what is there now, and will be for as long as the process lives."""
    gc.freeze()

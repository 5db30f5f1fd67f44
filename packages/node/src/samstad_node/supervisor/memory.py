"""How much memory a process holds, and a hard bound on it, where the system tells and lets."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["bound_own_memory", "resident_mib"]

MIB = 1024 * 1024
HEADROOM = 2
"""The kernel's bound stands above the watched one: first a restart in good order, only then MemoryError."""


def resident_mib(pid: int) -> float | None:
    """Return the resident set of a process, None where the system does not tell or the process is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * resource.getpagesize() / MIB


def bound_own_memory(limit_mib: int) -> bool:
    """Let the kernel refuse this process more than twice the limit of private memory; False when it cannot.

    RLIMIT_DATA, not RLIMIT_AS: mapped files and reserved addresses cost nothing.
    """
    if limit_mib <= 0 or sys.platform != "linux":
        return False
    wanted = limit_mib * MIB * HEADROOM
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    return True

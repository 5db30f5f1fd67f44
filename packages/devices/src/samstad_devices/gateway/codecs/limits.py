"""What a codec may use."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CodecLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecLimits:
    """Bounds of codecs and of the processes that run them.

    Attributes:
        time_ms: of one frame, processor time.
        memory_mib: of one codec with all that it keeps.
        stack_kib: of one codec.
        output_bytes: of one answer.
        resident: codecs that a process keeps loaded; the one longest unused goes.
        uses: frames after which a codec is loaded anew, so that what it keeps cannot grow for ever.
        processes: that run codecs.
        process_memory_mib: address space of a process.
        waiting: frames that may wait for a process; more are refused.
        batch: frames of one codec that are sent to a process at once.
        failures: times in a row that a codec may go beyond its limits before it is paused.
        pause_s: for so long.
    """

    time_ms: int = 100
    memory_mib: int = 24
    stack_kib: int = 512
    output_bytes: int = 65_536
    resident: int = 400
    uses: int = 10_000
    processes: int = 1
    process_memory_mib: int = 1024
    waiting: int = 10_000
    batch: int = 64
    failures: int = 3
    pause_s: float = 60.0

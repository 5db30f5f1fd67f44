"""How a worker says what became of a job."""

from __future__ import annotations

from samstad_devices.domain.errors import CodecExceeded, CodecFailed, CodecRefused, CodecThrew

__all__ = ["VERDICTS"]

VERDICTS: dict[str, type[CodecFailed]] = {
    "refused": CodecRefused,
    "threw": CodecThrew,
    "exceeded": CodecExceeded,
}
"""Verdict → the error that it is to the caller; ``ok`` is none, ``again`` asks for the codec's source."""

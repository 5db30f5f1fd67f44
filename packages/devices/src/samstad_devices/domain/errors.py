"""What can be wrong with what devices and their networks send.

DevicesError
├── MessageRefused     a body is not what its sender's network server writes; ``pointer`` names the member
├── IdentifierRefused  a text is no identifier of its kind
├── ProfileRefused     a device model's profile cannot work; ``pointer`` names the member
├── TransitionRefused  a device may not go from one state of its life to another, or not yet
└── CodecFailed        a codec gave no measurement
    ├── CodecRefused   it cannot be loaded, or has no function that decodes
    ├── CodecThrew     its own error for this frame
    └── CodecExceeded  it went beyond its time, memory or output
"""

from __future__ import annotations

__all__ = [
    "CodecExceeded",
    "CodecFailed",
    "CodecRefused",
    "CodecThrew",
    "DevicesError",
    "IdentifierRefused",
    "MessageRefused",
    "ProfileRefused",
    "TransitionRefused",
]


class DevicesError(Exception):
    """Root of the tree; ``detail`` says what was wrong, where, and what to do.

    Attributes:
        detail: a sentence for the one who sent it.
        pointer: JSON pointer of the member, or None where it is not about one.
    """

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class MessageRefused(DevicesError):
    """A body is not what the network server that it came from writes."""


class IdentifierRefused(DevicesError):
    """A text is no identifier of its kind."""


class ProfileRefused(DevicesError):
    """A device model's profile is none, or cannot work."""


class TransitionRefused(DevicesError):
    """The life cycle does not lead from the one state to the other, or a guard is not met."""


class CodecFailed(DevicesError):
    """A codec gave no measurement; the raw frame is kept, so that it can be decoded again."""


class CodecRefused(CodecFailed):
    """The codec cannot be loaded, or has no function that decodes."""


class CodecThrew(CodecFailed):
    """The codec raised an error of its own, or said that the frame is wrong."""


class CodecExceeded(CodecFailed):
    """The codec went beyond the time, memory or output that it is given."""

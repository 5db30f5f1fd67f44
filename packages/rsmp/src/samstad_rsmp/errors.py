"""What can be wrong with what a peer sends, or with what is about to be sent.

RsmpError
├─ MalformedMessage    not JSON, not an RSMP message, or a member has the wrong form
├─ SxlViolation        the message has the right form, but the signal exchange list knows better
├─ VersionRejected     the peers have no version of RSMP or of the SXL in common, or the site is unknown
└─ NotNow              the session does not allow this message in its present phase
"""

from __future__ import annotations

__all__ = ["MalformedMessage", "NotNow", "RsmpError", "SxlViolation", "VersionRejected"]


class RsmpError(Exception):
    """A message that cannot be taken or sent; ``detail`` is fit for the ``rea`` of a MessageNotAck."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class MalformedMessage(RsmpError):
    """The bytes are no valid message.

    Attributes:
        message_id: the mId, where one could still be read; without it nothing can be answered.
        pointer: the JSON pointer of the member that is wrong, "" for the whole.
    """

    def __init__(self, detail: str, *, message_id: str = "", pointer: str = "") -> None:
        super().__init__(detail)
        self.message_id = message_id
        self.pointer = pointer


class SxlViolation(RsmpError):
    """A code, argument or value that the signal exchange list does not have.

    Attributes:
        code: the alarm, status or command that was named.
        name: the argument, "" when the code itself is the matter.
    """

    def __init__(self, detail: str, *, code: str, name: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.name = name


class VersionRejected(RsmpError):
    """The handshake ends here: no common version, another SXL, or an unknown site."""


class NotNow(RsmpError):
    """The session's phase does not allow this message; it would break the sequence of Core 3.2.2, 6.3."""

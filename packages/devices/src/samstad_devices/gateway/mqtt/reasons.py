"""Why a packet or a connection is refused: reason codes of MQTT 5 (2.4), and what 3.1.1 says instead."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["MqttRefused", "Reason", "connack_code_3"]


class Reason(IntEnum):
    """Reason codes that are used here."""

    SUCCESS = 0x00
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_INVALID = 0x85
    BAD_CREDENTIALS = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE = 0x98
    QOS_NOT_SUPPORTED = 0x9B


class MqttRefused(Exception):
    """What a client sent cannot be taken, and the connection ends.

    Attributes:
        reason: the code of MQTT 5.
        detail: a sentence for whoever looks for the fault.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


_CONNACK_3 = {
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_INVALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.QUOTA_EXCEEDED: 3,
    Reason.BAD_CREDENTIALS: 4,
    Reason.NOT_AUTHORIZED: 5,
}


def connack_code_3(reason: Reason) -> int | None:
    """Return the return code of a CONNACK of MQTT 3.1.1 (3.2.2.3); None where the connection only closes."""
    return _CONNACK_3.get(reason)

"""The async client of a context broker, in process and over HTTP alike (I2)."""

from __future__ import annotations

from samstad_ngsild.client.client import (
    BatchOutcome,
    Client,
    NotTaken,
    NotUpdated,
)
from samstad_ngsild.client.errors import (
    ClientError,
    NotAllowed,
    Overloaded,
    Refused,
    Unreachable,
    Unreadable,
)
from samstad_ngsild.client.http_transport import HttpSettings, HttpTransport
from samstad_ngsild.client.in_process import InProcessTransport
from samstad_ngsild.client.notifications import Handler, Notification, Notified, parse_notification
from samstad_ngsild.client.selection import Document, Format, Selection
from samstad_ngsild.client.transport import Answer, Ask, Credentials, Transport

__all__ = [
    "Answer",
    "Ask",
    "BatchOutcome",
    "Client",
    "ClientError",
    "Credentials",
    "Document",
    "Format",
    "Handler",
    "HttpSettings",
    "HttpTransport",
    "InProcessTransport",
    "NotAllowed",
    "NotTaken",
    "NotUpdated",
    "Notification",
    "Notified",
    "Overloaded",
    "Refused",
    "Selection",
    "Transport",
    "Unreachable",
    "Unreadable",
    "parse_notification",
]

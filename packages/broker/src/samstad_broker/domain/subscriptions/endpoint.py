"""The endpoint of a subscription (clauses 5.2.15, 5.2.22, 6.3.8 and 7.2)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from samstad_broker.domain.subscriptions.members import key_value_pairs, positive_us, text
from samstad_broker.domain.subscriptions.subscription import Endpoint
from samstad_ngsild.errors import BadRequestData

__all__ = ["MEDIA_TYPES", "SCHEMES", "parse_endpoint"]

SCHEMES = ("http", "https", "mqtt", "mqtts")
"""Bindings that notifications can take (clauses 6.3.8 and 7.2)."""

MEDIA_TYPES = ("application/json", "application/ld+json", "application/geo+json")

_MILLISECOND_US = 1_000
_POINTER = "/notification/endpoint"
_MEMBERS = frozenset({"uri", "accept", "receiverInfo", "notifierInfo", "timeout", "cooldown"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_OWN_HEADERS = frozenset(
    {
        # framing and connection are the node's business (RFC 9110, section 7.6.1) ...
        "connection", "content-length", "content-encoding", "expect", "host", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "via",
        # ... and so is what the clauses say about content and tenant (clauses 6.3.8, 6.3.14, 6.3.22)
        "content-type", "ngsild-tenant", "ngsild-snapshot",
    }
)  # fmt: skip
_MQTT_PARAMETERS = {"MQTT-QoS": ("0", "1", "2"), "MQTT-Version": ("mqtt3.1.1", "mqtt5.0")}


def parse_endpoint(value: Any) -> Endpoint:
    """Return the endpoint of a notification.

    Raises:
        BadRequestData: a member is missing, wrong, or not possible with the binding.
    """
    if not isinstance(value, dict):
        raise BadRequestData("notification.endpoint must be an object with a uri.", pointer=_POINTER)
    unknown = sorted(set(value) - _MEMBERS)
    if unknown:
        raise BadRequestData(
            f"An endpoint has no member {unknown[0]!r}; it has {', '.join(sorted(_MEMBERS))}.",
            pointer=f"{_POINTER}/{unknown[0]}",
        )
    address = text(value.get("uri"), f"{_POINTER}/uri")
    split = _split(address)
    mqtt = split.scheme.startswith("mqtt")
    receiver = key_value_pairs(value.get("receiverInfo", []), f"{_POINTER}/receiverInfo")
    notifier = key_value_pairs(value.get("notifierInfo", []), f"{_POINTER}/notifierInfo")
    if mqtt:
        _check_mqtt(address, split, notifier)
    else:
        _check_headers(receiver)
    return Endpoint(
        uri=address,
        scheme=split.scheme,
        accept=_accept(value.get("accept", MEDIA_TYPES[0]), mqtt=mqtt),
        receiver_info=receiver,
        notifier_info=notifier,
        timeout_us=_milliseconds(value, "timeout"),
        cooldown_us=_milliseconds(value, "cooldown"),
    )


def _split(address: str) -> SplitResult:
    pointer = f"{_POINTER}/uri"
    try:
        split = urlsplit(address)
        port_fits = split.port is None or split.port > 0
    except ValueError as error:
        raise BadRequestData(f"The endpoint's uri is not one: {error}.", pointer=pointer) from None
    if split.scheme not in SCHEMES:
        raise BadRequestData(
            f"Notifications go to {', '.join(SCHEMES)} endpoints, not to {address!r}.", pointer=pointer
        )
    if not split.hostname or not port_fits or re.search(r"[\s\x00-\x1f\x7f\\]", address):
        raise BadRequestData(f"The endpoint's uri {address!r} names no host to reach.", pointer=pointer)
    if split.scheme.startswith("http") and (split.username or split.password):
        raise BadRequestData(
            "Credentials do not belong in an HTTP uri; give an Authorization header in receiverInfo.",
            pointer=pointer,
        )
    return split


def _accept(value: Any, *, mqtt: bool) -> str:
    allowed = MEDIA_TYPES[:2] if mqtt else MEDIA_TYPES
    if value not in allowed:
        raise BadRequestData(
            f"accept must be one of {', '.join(allowed)} for this endpoint.", pointer=f"{_POINTER}/accept"
        )
    return str(value)


def _milliseconds(value: dict[str, Any], name: str) -> int | None:
    if name not in value:
        return None
    return positive_us(value[name], f"{_POINTER}/{name}", unit_us=_MILLISECOND_US)


def _check_headers(pairs: tuple[tuple[str, str], ...]) -> None:
    """Refuse what would inject or take over headers (RFC 9110, clauses 5.2.22 and 6.3.8)."""
    for position, (key, value) in enumerate(pairs):
        pointer = f"{_POINTER}/receiverInfo/{position}"
        if not _TOKEN.match(key):
            raise BadRequestData(f"{key!r} cannot be the name of an HTTP header.", pointer=f"{pointer}/key")
        if key.lower() in _OWN_HEADERS:
            raise BadRequestData(
                f"The header {key} is set by the node itself and cannot be given.", pointer=f"{pointer}/key"
            )
        if not _FIELD_VALUE.match(value):
            raise BadRequestData(
                f"The value of the header {key} has characters that HTTP headers cannot carry, "
                "such as line breaks.",
                pointer=f"{pointer}/value",
            )


def _check_mqtt(address: str, split: SplitResult, notifier: tuple[tuple[str, str], ...]) -> None:
    topic = split.path.removeprefix("/")
    if not topic or "+" in topic or "#" in address or split.query:
        raise BadRequestData(
            "An MQTT uri names the topic in its path, without wildcards, "
            "as mqtt://host:1883/topic/subtopic does (clause 7.2).",
            pointer=f"{_POINTER}/uri",
        )
    for position, (key, value) in enumerate(notifier):
        allowed = _MQTT_PARAMETERS.get(key)
        if allowed is not None and value not in allowed:
            raise BadRequestData(
                f"{key} must be one of {', '.join(allowed)} (clause 7.2).",
                pointer=f"{_POINTER}/notifierInfo/{position}/value",
            )

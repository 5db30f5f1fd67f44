"""Events as lines: fields for programs, one sentence for people."""

from __future__ import annotations

from typing import Any

import msgspec

from samstad_rsmp.messages import (
    AggregatedStatus,
    Alarm,
    CommandRequest,
    MessageAck,
    MessageNotAck,
    StatusRequest,
    StatusSubscribe,
    StatusUnsubscribe,
    Version,
    Watchdog,
)
from samstad_rsmp.session.events import Event, Garbled, Ready, Received, Refused
from samstad_rsmp.shell.server import Lost
from samstad_rsmp.timestamps import format_timestamp

__all__ = ["fields_of", "text_of"]

SECRETS = frozenset({"securityCode", "oldSecurityCode", "newSecurityCode"})
HIDDEN = "***"
"""Security codes are never printed."""


def fields_of(site_id: str, event: Event | Lost, now_ms: int) -> dict[str, Any]:
    """Return an event as fields; messages are as on the wire."""
    told: dict[str, Any] = {"time": format_timestamp(now_ms), "site": site_id}
    told["event"] = type(event).__name__.lower()
    if isinstance(event, Ready):
        told |= {"core": event.core.name, "sxl": event.sxl}
    elif isinstance(event, Received | Refused):
        told["message"] = _without_secrets(msgspec.to_builtins(event.message))
        if isinstance(event, Refused):
            told["reason"] = event.reason
    elif isinstance(event, Garbled):
        told["reason"] = event.detail
    else:
        told["reason"] = event.reason
    return told


def _without_secrets(message: dict[str, Any]) -> dict[str, Any]:
    for member in ("arg", "rvs"):
        for one in message.get(member, ()):
            if one.get("n") in SECRETS and one.get("v"):
                one["v"] = HIDDEN
    return message


def text_of(site_id: str, event: Event | Lost, now_ms: int) -> str:
    """Return an event as one line for people; "" for what only keeps the link alive."""
    said = _said(event)
    return f"{format_timestamp(now_ms)} {site_id or '(unknown)'} {said}" if said else ""


def _said(event: Event | Lost) -> str:
    if isinstance(event, Ready):
        return f"is connected (RSMP {event.core.name}, SXL {event.sxl})"
    if isinstance(event, Received):
        return _message(event.message)
    if isinstance(event, Refused):
        return f"refused {type(event.message).__name__}: {event.reason}"
    if isinstance(event, Garbled):
        return f"sent what is no valid message: {event.detail}"
    return f"{'is gone' if isinstance(event, Lost) else 'is given up'}: {event.reason}"


def _message(message: Any) -> str:
    if isinstance(message, Version | Watchdog | MessageAck | MessageNotAck):
        return ""
    if isinstance(message, AggregatedStatus):
        bits = "".join("1" if bit else "0" for bit in message.bits)
        return f"{message.component_id} aggregated {bits}"
    if isinstance(message, Alarm):
        values = message.values if isinstance(message.values, list) else []
        if not values and message.specialization != "Issue":
            return f"{message.component_id} alarm {message.code} {message.specialization}"
        extra = "".join(f" {one.name}={one.value}" for one in values)
        state = f"{message.active} {message.acknowledged} {message.suspended}"
        return f"{message.component_id} alarm {message.code} {state}{extra}"
    if isinstance(message, StatusRequest | StatusUnsubscribe | StatusSubscribe | CommandRequest):
        return f"{message.component_id} {type(message).__name__} {' '.join(_asked(message))}"
    named: list[Any] = getattr(message, "values", [])
    told = " ".join(f"{one.code} {one.name}={_short(one)}" for one in named)
    return f"{message.component_id} {told}"


def _asked(message: Any) -> list[str]:
    if isinstance(message, CommandRequest):
        return [f"{one.code} {one.name}={_short(one)}" for one in message.arguments]
    named = message.subscriptions if isinstance(message, StatusSubscribe) else message.names
    return [f"{one.code} {one.name}" for one in named]


def _short(value: Any) -> str:
    quality = getattr(value, "quality", None) or getattr(value, "age", "recent")
    shown = HIDDEN if value.name in SECRETS and value.value else value.value
    return f"{shown}{'' if quality == 'recent' else f' ({quality})'}"

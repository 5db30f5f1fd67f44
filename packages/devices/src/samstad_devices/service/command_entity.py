"""Command entities in and out: what is wished, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from samstad_devices.domain.names import attribute_of
from samstad_devices.domain.orders import OrderRefused
from samstad_models.commands import STATUSES, CommandState

__all__ = ["Wish", "fragment_of", "read_wish"]


@dataclass(frozen=True, slots=True)
class Wish:
    """A Command entity as it was written, faults and all.

    Attributes:
        status: None where it has none that is known, or was deleted.
        attempts: how often it was sent.
        fault: what is wrong with it; empty where nothing is.
    """

    target: str
    name: str
    status: str | None
    arguments: Mapping[str, Any]
    issued_us: int
    valid_until_us: int
    attempts: int
    fault: str = ""

    def check(self) -> None:
        """Raise OrderRefused where something is wrong with it."""
        if self.fault:
            raise OrderRefused("invalidArguments", self.fault)

    def state(self, device_id: str) -> CommandState:
        """Return what decides how it goes on; of one name for one device the newest counts."""
        return CommandState(
            device_id,
            self.name,
            self.issued_us,
            self.valid_until_us,
            status=self.status or "queued",
            attempts=self.attempts,
        )


def read_wish(entity: Mapping[str, Any]) -> Wish:
    """Return what a Command entity says."""
    told = dict(entity)
    status = attribute_of(told, "status")
    faults: list[str] = []
    attempts = attribute_of(told, "attempts")
    return Wish(
        target=_text(attribute_of(told, "target")),
        name=_text(attribute_of(told, "commandName")),
        status=status if isinstance(status, str) and status in STATUSES and "deletedAt" not in told else None,
        arguments=_arguments(attribute_of(told, "commandArguments"), faults),
        issued_us=_time_us(told, "issuedAt", faults),
        valid_until_us=_time_us(told, "validUntil", faults),
        attempts=attempts if isinstance(attempts, int) and not isinstance(attempts, bool) else 0,
        fault=" ".join([*faults, *_missing(told)]),
    )


def _missing(told: dict[str, Any]) -> list[str]:
    """Say who and why, or nobody moves an actuator (I9)."""
    return [f"It says no {name}." for name in ("issuedBy", "reason") if not _text(attribute_of(told, name))]


def _text(told: object) -> str:
    first = told[0] if isinstance(told, list) and told else told
    return first if isinstance(first, str) else ""


def _arguments(told: object, faults: list[str]) -> Mapping[str, Any]:
    if isinstance(told, dict) and set(told) == {"json"}:
        told = told["json"]
    if told is None:
        return {}
    if isinstance(told, dict):
        return told
    faults.append("commandArguments is an object.")
    return {}


def _time_us(told: dict[str, Any], name: str, faults: list[str]) -> int:
    value = attribute_of(told, name)
    text = value.get("@value") if isinstance(value, dict) else value
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is not None:
            return round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        pass
    faults.append(f"{name} is no time with a zone.")
    return 0


def fragment_of(state: CommandState, detail: str) -> dict[str, Any]:
    """Return the attributes that tell how far a command is."""
    told = {
        "status": state.status,
        "statusCause": state.cause,
        "statusDetail": detail or None,
        "attempts": state.attempts or None,
    }
    return {name: {"type": "Property", "value": value} for name, value in told.items() if value is not None}

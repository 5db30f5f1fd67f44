"""What can be wrong with devices, as alerts: one row for each."""

from __future__ import annotations

from typing import NamedTuple

from samstad_models.hysteresis import Hysteresis

__all__ = ["KINDS", "LIMITS", "AlertKind"]


class AlertKind(NamedTuple):
    """One kind of alert.

    Attributes:
        category, severity: the models' words.
        text: what it says; more may follow.
    """

    category: str
    severity: str
    text: str


KINDS: dict[str, AlertKind] = {
    "silentDevice": AlertKind("communication", "medium", "The device has not been heard in time"),
    "silentGateway": AlertKind("communication", "high", "A gateway hears none of its devices"),
    "silentLink": AlertKind("communication", "high", "Nothing comes from a network any more"),
    "silentNode": AlertKind("communication", "critical", "Nothing reaches this node by any way"),
    "batteryLow": AlertKind("power", "low", "The battery will soon be empty"),
    "frameLoss": AlertKind("communication", "low", "Many frames of the device are lost"),
    "implausible": AlertKind("dataQuality", "medium", "The device tells what cannot be"),
    "undecodable": AlertKind("dataQuality", "medium", "Messages of the device cannot be understood"),
    "clonedIdentity": AlertKind("security", "high", "Two boxes speak with the identity of one device"),
    "joinStorm": AlertKind("security", "medium", "The device joins its network again and again"),
    "lifeCycleBypassed": AlertKind("security", "high", "The life cycle was changed past its rules"),
}

LIMITS: dict[str, Hysteresis] = {
    # Days until it is empty: raised below two months, cleared above three.
    "batteryLow": Hysteresis(raise_at=60.0, clear_at=90.0),
    "frameLoss": Hysteresis(raise_at=0.3, clear_at=0.1),
    "implausible": Hysteresis(raise_at=3.0, clear_at=0.0),
    "undecodable": Hysteresis(raise_at=3.0, clear_at=0.0),
}
"""Kinds that follow a figure, and its limits."""

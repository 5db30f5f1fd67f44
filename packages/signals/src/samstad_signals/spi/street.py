"""The controllers in the street, as the service speaks to them."""

from __future__ import annotations

from typing import Protocol

from samstad_signals.domain.orders import Order

__all__ = ["NotConnected", "Street", "StreetRefused"]


class NotConnected(Exception):
    """The controller is not there now, so nothing was said to it."""


class StreetRefused(Exception):
    """What was to be said is none of the controller's words, or does not fit it; nothing was sent."""


class Street(Protocol):
    """Filled by the RSMP supervisor."""

    def order(self, site_id: str, order: Order) -> str:
        """Send an order and return its message id; NotConnected or StreetRefused where nothing was sent."""
        ...

    def mark(self) -> int:
        """Return a mark of now, in the order of what controllers tell."""
        ...

    def ask(self, site_id: str, order: Order) -> None:
        """Ask a controller for what shows an order, where it is there; silence is no answer."""
        ...

    def shows(self, site_id: str, order: Order, *, since: int) -> bool:
        """Tell whether what a controller has told since a mark shows an order in effect."""
        ...

    def value(self, site_id: str, code: str, name: str) -> str | None:
        """Return the latest text of a status of a controller as a whole, None while it is not known."""
        ...

    def ask_parameters(self, site_id: str) -> None:
        """Ask a controller for its parameters, where it is there; silence is no answer."""
        ...

    def tell_alarm(self, site_id: str, key: tuple[str, str], wish: str) -> str:
        """Say Acknowledge, Suspend or Resume of an alarm; raises as ``order``."""
        ...

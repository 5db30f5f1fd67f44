"""Delivery: a projection of the log that tells subscribers, with a cursor for each subscription."""

from __future__ import annotations

from samstad_broker.service.delivery.delivery import Delivery
from samstad_broker.service.delivery.settings import DeliverySettings

__all__ = ["Delivery", "DeliverySettings"]

"""CoAP (RFC 7252): the endpoint on which devices call, and what they find there."""

from __future__ import annotations

from samstad_devices.gateway.coap.bounds import CoapBounds
from samstad_devices.gateway.coap.push import PushResource
from samstad_devices.gateway.coap.secure_socket import SecureSockets
from samstad_devices.gateway.coap.server import CoapServer, PortTaken

__all__ = ["CoapBounds", "CoapServer", "PortTaken", "PushResource", "SecureSockets"]

"""Commands to devices that are connected to the node's own MQTT port."""

from __future__ import annotations

from samstad_devices.gateway.mqtt.endpoint import MqttEndpoint
from samstad_devices.spi.routes import Downlink, RouteAway

__all__ = ["MqttRoute"]


class MqttRoute:
    """Fills the Route port.

    Args:
        endpoint: which devices are connected.
    """

    def __init__(self, endpoint: MqttEndpoint) -> None:
        self._endpoint = endpoint

    def is_open(self, device_id: str, way: str) -> bool:
        """Tell whether a device listens, whatever way it was heard by last."""
        del way
        return self._endpoint.is_listening(device_id)

    async def send(self, downlink: Downlink) -> str:
        """Send; the device's PUBACK names the command itself."""
        told = self._endpoint.tell(downlink.device_id, downlink.payload, carries=downlink.reference)
        if not told:
            raise RouteAway("The device has gone, or has enough to do.")
        return downlink.reference

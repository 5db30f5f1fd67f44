"""The demo's sensors, one for each way in: what stands in the broker of them, their tokens, their process."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

__all__ = ["BOX_SETTINGS", "WAYS", "BoxesProcess", "box_entities", "let_in"]

BOX_SETTINGS: Mapping[str, str] = {
    "SAMSTAD_DEVICES_COAP_PORT": "0",
    "SAMSTAD_DEVICES_COAPS_PORT": "0",
    "SAMSTAD_DEVICES_MQTT_PORT": "0",
}
"""Free ports: the demo stands in nobody's way."""
WAYS = ("lorawan", "http", "coap", "mqtt")
_PROFILE = "https://w3id.org/samstad/deviceProfile"
_IDENTIFIERS = "https://w3id.org/samstad/identifiers"
_EUI = "A84041000000D0E0"
_NAMES = {"lorawan": "LoRaWAN", "http": "HTTP", "coap": "CoAP", "mqtt": "MQTT"}
_SENDS = {"lorawan": ("cayenne-lpp", "percentage_1")}
"""Way → decoder and field; the others send JSON."""
_PLACES = ((16.5405, 59.6101), (16.5479, 59.6094), (16.5448, 59.6068), (16.5511, 59.6119))


def _device(way: str) -> str:
    return f"urn:ngsi-ld:Device:demo:level-{way}"


def box_entities() -> list[dict[str, Any]]:
    """Return models, boxes and the containers that they are in."""
    found: list[dict[str, Any]] = []
    for way, point in zip(WAYS, _PLACES, strict=True):
        decoder, path = _SENDS.get(way, ("json", "level"))
        field = {
            "path": path,
            "attribute": "fillingLevel",
            "unit": "C62",
            "givenIn": "P1",
            "least": 0,
            "most": 1,
        }
        profile = {"decoder": decoder, "expectedIntervalS": 5, "fields": [field]}
        model, place = f"urn:ngsi-ld:DeviceModel:demo:level-{way}", f"urn:ngsi-ld:WasteContainer:demo:{way}"
        location = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": list(point)}}
        name = {"type": "Property", "value": f"Bin heard by {_NAMES[way]}"}
        found += [
            {"id": model, "type": "DeviceModel", _PROFILE: {"type": "JsonProperty", "json": profile}},
            {"id": place, "type": "WasteContainer", "name": name, "location": location},
            {
                "id": _device(way),
                "type": "Device",
                "name": {"type": "Property", "value": f"Level sensor by {_NAMES[way]}"},
                "location": location,
                "lifeCycle": {"type": "Property", "value": "inService"},
                "refDeviceModel": {"type": "Relationship", "object": model},
                "controlledAsset": {"type": "Relationship", "object": place},
                _IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{_EUI}"] if way == "lorawan" else []},
            },
        ]
    for entity in found:
        if entity.get(_IDENTIFIERS, {}).get("value") == []:
            del entity[_IDENTIFIERS]
    return found


def let_in(port: int, key: str, ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the boxes with their tokens; those whose way is closed, or that are not known yet, are left out.

    Args:
        port: of the node.
        key: of its administrator.
        ports: of the role for devices, by protocol.
    """
    node = f"http://127.0.0.1:{port}"
    body = {"name": "demo-lorawan", "network": "chirpstack"}
    found = []
    for number, way in enumerate(WAYS):
        if way in {"coap", "mqtt"} and way not in ports:
            continue
        asked = (
            "/devices/v1/connections" if way == "lorawan" else f"/devices/v1/devices/{_device(way)}/tokens"
        )
        told = _post(port, key, asked, body if way == "lorawan" else {})
        if told is None:
            continue
        urls = {
            "lorawan": f"{node}{told['path']}?event=up",
            "http": f"{node}{told['path']}",
            "coap": f"coap://127.0.0.1:{ports.get('coap')}/push",
            "mqtt": f"mqtt://127.0.0.1:{ports.get('mqtt')}",
        }
        box = {"way": way, "url": urls[way], "token": told["token"], "start": 17 * number}
        found.append(box | ({"dev_eui": _EUI} if way == "lorawan" else {}))
    return found


def _post(port: int, key: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    try:
        connection.request("POST", path, orjson.dumps(body), headers)
        answer = connection.getresponse()
        told = answer.read()
        return dict(orjson.loads(told)) if answer.status == 201 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


class BoxesProcess:
    """The running boxes.

    Args:
        boxes: as ``let_in`` gives them.
        log: what it says goes there.
    """

    def __init__(self, boxes: list[dict[str, Any]], log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(  # our own program
            [sys.executable, "-m", "samstad_devices.simulation.boxes"],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        if self._process.stdin is not None:
            self._process.stdin.write(orjson.dumps(boxes) + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._process.terminate()
        self._process.wait()
        self._log.close()

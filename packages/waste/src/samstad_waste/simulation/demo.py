"""``python -m samstad_waste.simulation.demo``: bins, lorries and a crew for a node, over its HTTP interface.

It reads one line of JSON, ``{"url": ..., "key": ...}``, and goes on until its standard input ends. The
bins bring three days of readings with them; then their sensors go on, plans are made and put in force, and
the crew drives them, a planned minute in a fraction of a second.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

from samstad_models.contexts import CITY, context_url
from samstad_waste.domain.names import own

__all__ = ["Api", "Crew", "Street", "main", "refused"]

BINS = 24
SEED = 7
_HEIGHT_M = 1.2
_CENTRE = (16.5448, 59.6099)
_MODEL = "urn:ngsi-ld:WasteContainerModel:demo:collected"
_DEPOT, _SITE = "urn:ngsi-ld:WasteDepot:demo:1", "urn:ngsi-ld:WasteUnloadingSite:demo:1"
_DAY = (0.1, 0.1, 0.6, 1.2, 1.6, 1.7, 1.5, 1.2)
_KIND = "paper"
"""The demo's lorries take this alone: other bins of the demo fill and are emptied by themselves."""
_MINUTE_S = 0.05
"""So long lasts a planned minute."""
_PAUSE_S = 15.0
_READING_S = 10.0
_QUICKER = 90.0
"""In the demo a bin fills so much faster than before it."""


def refused(why: str) -> None:
    """Say why something was not taken; the demo goes on."""
    sys.stderr.write(f"demo: {why}\n")


class Api:
    """The node's HTTP interface, one request after another."""

    def __init__(self, url: str, key: str) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        link = f'<{context_url(CITY)}>; rel="http://www.w3.org/ns/json-ld#context"'
        self._headers = {"Content-Type": "application/json", "Link": link}
        if key:
            self._headers["X-API-Key"] = key

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the answer; 0 where the node does not answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body or {}), self._headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, {"detail": str(error)}
        finally:
            connection.close()


class Street:
    """Bins that fill; ``levels`` is the truth that sensors measure.

    Args:
        now: the time.
        seed: another one gives other bins.
    """

    def __init__(self, now: Callable[[], datetime], *, seed: int = SEED) -> None:
        self._now = now
        self._chance = Random(seed)  # noqa: S311 - invented bins, no secret
        self.ids = [f"urn:ngsi-ld:WasteContainer:demo:collected-{number:02}" for number in range(1, BINS + 1)]
        self._rates = [self._chance.uniform(0.08, 0.4) / 24 for _ in self.ids]
        self.levels = dict.fromkeys(self.ids, 0.0)

    def fixed(self) -> list[dict[str, Any]]:
        """Return what stands still: model, depot, site, lorries, bins."""
        geometry = {"type": "JsonProperty", "json": {"sensorHeight": _HEIGHT_M, "fullHeight": 1.0}}
        lorries = [self._lorry(number) for number in (1, 2)]
        return [
            {"id": _MODEL, "type": "WasteContainerModel", own("fillGeometry"): geometry},
            {"id": _DEPOT, "type": own("WasteDepot"), "location": _point(*_CENTRE)},
            {
                "id": _SITE,
                "type": own("WasteUnloadingSite"),
                "name": _value("Återvinningen"),
                "location": _point(_CENTRE[0] + 0.02, _CENTRE[1] - 0.006),
            },
            *lorries,
            *(self._bin(number, one) for number, one in enumerate(self.ids, start=1)),
        ]

    def _bin(self, number: int, entity_id: str) -> dict[str, Any]:
        lon = _CENTRE[0] + self._chance.uniform(-0.02, 0.02)
        lat = _CENTRE[1] + self._chance.uniform(-0.01, 0.01)
        return {
            "id": entity_id,
            "type": "WasteContainer",
            "name": _value(f"Korg {number}"),
            "location": _point(lon, lat),
            "storedWasteKind": _value([_KIND]),
            "binCapacity": _value(240),
            "refWasteContainerModel": {"type": "Relationship", "object": _MODEL},
        }

    @staticmethod
    def _lorry(number: int) -> dict[str, Any]:
        shift = {"from": "00:00", "to": "24:00"}
        return {
            "id": f"urn:ngsi-ld:WasteVehicle:demo:{number}",
            "type": own("WasteVehicle"),
            "name": _value(f"Bil {number}"),
            own("capacityByStream"): {"type": "JsonProperty", "json": {_KIND: 2_500}},
            own("refWasteDepot"): {"type": "Relationship", "object": _DEPOT},
            own("refWasteUnloadingSite"): {"type": "Relationship", "object": _SITE},
            own("shift"): {"type": "JsonProperty", "json": shift},
        }

    def past(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the readings of three days, six hours at a time; the levels then are those of now."""
        begin = self._now() - timedelta(days=3)
        for step in range(12):
            at = begin + timedelta(hours=6 * step)
            self.grow(at, 6.0)
            yield self.readings(at + timedelta(hours=6) - timedelta(seconds=30))

    def grow(self, at: datetime, hours: float) -> None:
        """Let waste come for so many hours; what no longer fits lies beside."""
        for one, rate in zip(self.ids, self._rates, strict=True):
            mean = rate * hours * _DAY[at.hour // 3]
            come = self._chance.gammavariate(max(mean / 0.02, 1e-3), 0.02)
            self.levels[one] = min(self.levels[one] + come, 1.0)

    def readings(self, at: datetime) -> list[dict[str, Any]]:
        """Return what the sensors measure: the distance to the waste, in metres."""
        observed = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found = []
        for one in self.ids:
            distance = _HEIGHT_M - self.levels[one] + self._chance.gauss(0, 0.008)
            reading = {"type": "Property", "value": round(max(distance, 0.02), 3), "observedAt": observed}
            told = {**reading, "unitCode": "MTR"}
            found.append({"id": one, "type": "WasteContainer", own("sensedDistance"): told})
        return found


class Crew:
    """Makes plans, puts them in force and drives them.

    Args:
        api: the node.
        street: whose bins are emptied.
        wait: waits for so many seconds, and returns whether to stop.
        now: the time.
    """

    def __init__(
        self, api: Api, street: Street, *, wait: Callable[[float], bool], now: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._street = street
        self._wait = wait
        self._now = now
        self.driven = 0

    def work(self) -> None:
        """Plan and drive until it is time to stop."""
        while not self._wait(_PAUSE_S):
            wanted = {"seconds": 1, "reason": "demo"}
            status, plan = self._api.ask("POST", "/waste/v1/plans", wanted)
            if status == 400:  # the day is over
                tomorrow = (self._now() + timedelta(days=1)).date().isoformat()
                status, plan = self._api.ask("POST", "/waste/v1/plans", {**wanted, "day": tomorrow})
            if status != 201:
                refused(f"no plan ({status}): {(plan or {}).get('detail')}")
                continue
            if plan["routes"]:
                self._api.ask("POST", f"/waste/v1/plans/{plan['id']}/activate")
                self._drive(plan)
            else:
                self._api.ask("POST", f"/waste/v1/plans/{plan['id']}/withdraw")

    def _drive(self, plan: dict[str, Any]) -> None:
        stops = [
            (stop, route["vehicle"]) for route in plan["routes"] for stop in route["stops"] if stop["place"]
        ]
        stops.sort(key=lambda one: one[0]["arrive_us"])
        before_us = stops[0][0]["arrive_us"] if stops else 0
        for stop, vehicle in stops:
            if self._wait((stop["arrive_us"] - before_us) / 60e6 * _MINUTE_S):
                return
            before_us = stop["arrive_us"]
            self._tell(stop, vehicle)

    def _tell(self, stop: dict[str, Any], vehicle: str) -> None:
        at_us = round(self._now().timestamp() * 1e6)
        place = {"id": vehicle, "type": own("WasteVehicle"), "location": _point(*stop["place"])}
        self._api.ask("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", [place])
        if stop["kind"] != "stop":
            return
        report = {"id": f"demo-{stop['id'][-40:]}-{at_us}"[-64:], "stop": stop["id"], "outcome": "emptied"}
        status, told = self._api.ask(
            "POST", "/waste/v1/crew/reports", {"reports": [{**report, "at_us": at_us}]}
        )
        if status == 200:
            self._street.levels[stop["subject"]] = 0.0
            self.driven += 1
        else:
            refused(f"a report was not taken ({status}): {told}")


def _value(told: Any) -> dict[str, Any]:
    return {"type": "Property", "value": told}


def _point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}}


def _send(api: Api, entities: list[dict[str, Any]]) -> None:
    status, told = api.ask("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", entities)
    if status not in {201, 204}:
        refused(f"entities were not taken ({status}): {told}")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the street outside of the node has its own clock


def _until_the_end(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


def main() -> None:
    """Run until the standard input ends."""
    told = json.loads(sys.stdin.readline())
    api, street, stopping = Api(told["url"], told["key"]), Street(_now), threading.Event()
    threading.Thread(target=_until_the_end, args=(stopping,), daemon=True).start()
    _send(api, street.fixed())
    for readings in street.past():
        _send(api, readings)
        if stopping.wait(0.3):
            return
    crew = Crew(api, street, wait=stopping.wait, now=_now)
    threading.Thread(target=crew.work, daemon=True).start()
    last = time.perf_counter()
    while not stopping.wait(_READING_S):
        passed_h = (time.perf_counter() - last) / 3600
        last = time.perf_counter()
        street.grow(_now(), passed_h * _QUICKER)
        _send(api, street.readings(_now()))


if __name__ == "__main__":
    main()

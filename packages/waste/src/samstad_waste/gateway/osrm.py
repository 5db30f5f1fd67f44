"""Ways by road from an OSRM-compatible table service, in blocks that its usual limits allow."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from samstad_waste.spi.matrix import Matrix

__all__ = ["OsrmMatrix"]

_BLOCK = 50
"""Sources and destinations of one request; together they stay within OSRM's usual 100 places."""
_UNREACHABLE = 10_000_000
_TIMEOUT_S = 20.0
_LARGEST = 32 * 1024 * 1024

Fetch = Callable[[str], bytes]


def _fetch(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise ValueError("a matrix service has an http address")
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked above
        return bytes(answer.read(_LARGEST))


class OsrmMatrix:
    """Fills the RoadMatrix port; what it was told it remembers, because bins seldom move.

    Args:
        url: root of the service.
        told: told why there was no answer; plans then go by great circles.
        fetch: gets an address.
    """

    def __init__(self, url: str, *, told: Callable[[str], None], fetch: Fetch = _fetch) -> None:
        self._url = url.rstrip("/")
        self._told = told
        self._fetch = fetch
        self._known: dict[tuple[tuple[float, float], ...], Matrix] = {}

    async def between(self, places: Sequence[tuple[float, float]]) -> Matrix | None:
        """Return the ways between places; None where the service does not answer."""
        key = tuple(places)
        if key not in self._known:
            try:
                found = await self._ask(key)
            except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
                self._told(f"{type(error).__name__}: {error}")
                return None
            self._known = {key: found}
        return self._known[key]

    async def _ask(self, places: tuple[tuple[float, float], ...]) -> Matrix:
        count = len(places)
        metres = [[0] * count for _ in places]
        seconds = [[0] * count for _ in places]
        for row in range(0, count, _BLOCK):
            for column in range(0, count, _BLOCK):
                rows = range(row, min(row + _BLOCK, count))
                columns = range(column, min(column + _BLOCK, count))
                answer = await asyncio.to_thread(self._block, places, rows, columns)
                for number, source in enumerate(rows):
                    for other, target in enumerate(columns):
                        metres[source][target] = _whole(answer["distances"][number][other])
                        seconds[source][target] = _whole(answer["durations"][number][other])
        return Matrix(metres, seconds)

    def _block(self, places: Sequence[tuple[float, float]], rows: range, columns: range) -> dict[str, Any]:
        wanted = [places[number] for number in (*rows, *columns)]
        text = ";".join(f"{lon:.6f},{lat:.6f}" for lon, lat in wanted)
        sources = ";".join(str(number) for number in range(len(rows)))
        targets = ";".join(str(len(rows) + number) for number in range(len(columns)))
        query = f"annotations=distance,duration&sources={sources}&destinations={targets}"
        answer = json.loads(self._fetch(f"{self._url}/table/v1/driving/{text}?{query}"))
        if answer.get("code") != "Ok":
            raise ValueError(f"the matrix service answers {answer.get('code')}: {answer.get('message')}")
        found: dict[str, Any] = answer
        return found


def _whole(told: float | None) -> int:
    return _UNREACHABLE if told is None else round(told)

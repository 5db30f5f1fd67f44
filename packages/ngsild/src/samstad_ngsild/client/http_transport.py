"""Over HTTP: a bounded pool of connections, a time for everything, and patience where it is safe."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
from yarl import URL

from samstad_ngsild.client.errors import Overloaded, Unreachable, error_of
from samstad_ngsild.client.transport import Answer, Ask, Credentials

__all__ = ["HttpSettings", "HttpTransport"]

ROOT = "/ngsi-ld/v1"
_AGAIN = frozenset({429, 503})
_CHANCE = random.SystemRandom().random


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a transport is.

    Attributes:
        connections: most open at once; more requests wait for one, within the same time.
        timeout_s: one request takes so long at most, waiting for a connection counted in.
        tries: how often a request is sent before it is given up. What was not surely left undone is sent
            again only where that does no harm.
        pause_s: before the second try; doubled for each further one, and never the same for two clients.
        most_pause_s: no pause is longer, whatever the broker wishes.
        answer_bytes: a longer answer is refused.
    """

    connections: int = 16
    timeout_s: float = 30.0
    tries: int = 4
    pause_s: float = 0.2
    most_pause_s: float = 10.0
    answer_bytes: int = 256 * 1024 * 1024


def _nobody() -> Mapping[str, str]:
    return {}


class HttpTransport:
    """Reaches a broker by its URL.

    Args:
        url: of the broker, with or without ``/ngsi-ld/v1``.
        credentials: headers such as ``X-API-Key`` or ``Authorization``; they are never written to any log.
        settings: see ``HttpSettings``.
        sleep: waits so many seconds.
        chance: gives a number from 0 to 1, for the pauses.

    Raises:
        ValueError: the URL is none of http or https.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials = _nobody,
        settings: HttpSettings | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is no http or https URL of a broker")
        if parts.username is not None:
            raise ValueError("A broker's URL holds no name and password: give them as credentials.")
        base = url.rstrip("/")
        self._base = base if base.endswith(ROOT) else base + ROOT
        self._credentials = credentials
        self._settings = settings or HttpSettings()
        self._sleep = sleep
        self._chance = chance
        self._session: aiohttp.ClientSession | None = None

    async def send(self, ask: Ask) -> Answer:
        """Return the answer; asks again where nothing can have been done, or doing it twice does no harm.

        Raises:
            Unreachable: no whole answer came in time, however often it was tried.
        """
        number = 1
        while True:
            answer = await self._try(ask, last=number == self._settings.tries)
            if isinstance(answer, Answer):
                return answer
            await self._sleep(self._pause_s(number, answer))
            number += 1

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _try(self, ask: Ask, *, last: bool) -> Answer | float:
        """Return the answer, or how many seconds the broker wishes to be left alone before the next try."""
        try:
            answer = await self._once(ask)
        except _NotSent as error:
            if last:
                raise Unreachable(error.detail) from error.__cause__
            return 0.0
        except Unreachable:
            if last or not ask.is_safe:
                raise
            return 0.0
        if last or answer.status not in _AGAIN:
            return answer
        told = error_of(answer)
        return told.retry_after_s if isinstance(told, Overloaded) else 0.0

    def _pause_s(self, number: int, wish_s: float) -> float:
        settings = self._settings
        own_s = settings.pause_s * 2.0 ** (number - 1) * (0.5 + self._chance())
        return min(settings.most_pause_s, max(own_s, wish_s))

    async def _once(self, ask: Ask) -> Answer:
        url = self._base + ask.path + ("?" + urlencode(ask.query, quote_via=quote) if ask.query else "")
        headers = {**ask.headers, **self._credentials()}
        try:
            async with self._open().request(
                ask.method, URL(url, encoded=True), headers=headers, data=ask.body, allow_redirects=False
            ) as response:
                body = await self._read(response)
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, found, body)
        except aiohttp.ClientConnectorError as error:
            raise _NotSent(f"{self._base} cannot be reached: {error.os_error.strerror or error}.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            told = str(error) or f"no answer within {self._settings.timeout_s:g} s"
            raise Unreachable(f"{self._base} gave no whole answer: {told}.") from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._settings.answer_bytes
        parts: list[bytes] = []
        held = 0
        async for part in response.content.iter_any():
            held += len(part)
            if held > most:
                raise Unreachable(f"{self._base} answered with more than {most} bytes.")
            parts.append(part)
        return b"".join(parts)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            settings = self._settings
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=settings.connections),
                timeout=aiohttp.ClientTimeout(total=settings.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class _NotSent(Unreachable):
    """No connection was made: the request was surely not carried out."""

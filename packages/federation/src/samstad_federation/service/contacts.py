"""Contacts with sources: one request at a time made into an answer or a warning, whatever the other does.

Every failure of a source ends here: slow, silent, refusing, broken or garbled sources become an ``Outcome``
and never an exception of a request that asks others as well (clause 6.3.17).
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from samstad_broker.spi.forwarder import Asked, Source, SourceProgress
from samstad_federation.domain.breaker import Breaker
from samstad_federation.domain.via import alias_of, extended
from samstad_federation.settings import FederationSettings
from samstad_federation.spi.wire import NoAnswer, Reply, Sent, Wire

__all__ = ["Contacts", "Fate", "Outcome"]

_ROOT = "/ngsi-ld/v1"
_FROM_REQUEST = "urn:ngsi-ld:request"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD = re.compile(r"[\t -~\x80-\xff]*")
_MOST_ENDPOINTS = 10_000
_PROCESSED = frozenset({"accept", "contenttype", "jsonldcontext", "ngsildconformance"})
"""Keys of contextSourceInfo that mean something of their own (clause 4.3.6.6)."""
_OWN = frozenset(
    {
        "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "host", "keep-alive", "link", "ngsild-snapshot", "ngsild-tenant", "te", "trailer",
        "transfer-encoding", "upgrade", "via",
    }
)  # fmt: skip
"""Headers that the binding and the registration decide (clauses 4.3.6.5, 6.3.19)."""
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
"""Never copied from a request: a registration must not collect the credentials of who asks."""


_NEVER = SourceProgress(0, 0, 0, 0)


class Fate(Enum):
    """What became of a request to a source."""

    ANSWERED = "answered"
    STALE = "answered from a kept answer"
    TIMED_OUT = "no answer in time"
    UNREACHABLE = "not reached"
    RESTING = "left alone after failures"


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        reply: of a source that answered.
        detail: what is known where none came.
        age_us: of a kept answer.
    """

    fate: Fate
    reply: Reply | None = None
    detail: str = ""
    age_us: int = 0


class _Endpoint:
    __slots__ = ("breaker", "turns")

    def __init__(self, turns: int) -> None:
        self.breaker = Breaker()
        self.turns = asyncio.Semaphore(turns)


class Contacts:
    """Asks sources within the bounds.

    Args:
        wire: sends.
        alias: what this node calls itself in ``Via``.
        now_us: the clock, microseconds since 1970 UTC.
        settings: the bounds.
    """

    def __init__(
        self, wire: Wire, *, alias: str, now_us: Callable[[], int], settings: FederationSettings
    ) -> None:
        self._wire = wire
        self._alias = alias
        self._now_us = now_us
        self._settings = settings
        self._endpoints: dict[str, _Endpoint] = {}
        self._progress: dict[tuple[str, str], SourceProgress] = {}
        self._kept: OrderedDict[tuple[object, ...], tuple[int, Reply]] = OrderedDict()

    def alias(self, tenant: str) -> str:
        """Return what a tenant of this node calls itself."""
        return alias_of(self._alias, tenant)

    def is_late(self, asked: Asked, source: Source, *, patience: int) -> bool:
        """Whether a source has had its time, so many times over, since the request came."""
        return self._now_us() - asked.now_us > patience * self._timeout_s(source) * 1_000_000

    def progress(self, tenant: str, registration_id: str) -> SourceProgress | None:
        """Return what was counted of a source since the start; None: it was not asked."""
        return self._progress.get((tenant, registration_id))

    def forget(self, tenant: str, registration_id: str) -> None:
        """Count anew from here."""
        self._progress.pop((tenant, registration_id), None)

    def _count(self, asked: Asked, source: Source, outcome: Outcome) -> Outcome:
        key = (asked.tenant, source.id)
        sent, failed, success_us, failure_us = self._progress.get(key, _NEVER)
        status = 0 if outcome.reply is None else outcome.reply.status
        if 0 < status < 400 or status == 404:  # nothing there is an answer (clause 6.3.17)
            success_us = self._now_us()
        else:
            failed, failure_us = failed + 1, self._now_us()
        self._progress[key] = SourceProgress(sent + 1, failed, success_us, failure_us)
        return outcome

    async def ask(self, asked: Asked, source: Source, sent: Sent) -> Outcome:
        """Send a request to a source, its URL being a path below the API, and return what came of it."""
        headers = {**self._headers(asked, source), **sent.headers}
        whole = Sent(sent.method, source.endpoint + _ROOT + sent.url, headers, sent.body)
        if source.cache_us is None or sent.method != "GET":
            return self._count(asked, source, await self._contact(source, whole))
        outcome = await self._cached(source, source.cache_us, whole)
        return outcome if outcome.fate is Fate.STALE else self._count(asked, source, outcome)

    async def _cached(self, source: Source, cache_us: int, sent: Sent) -> Outcome:
        key = (sent.url, *sorted(item for item in sent.headers.items() if item[0] != "Via"))
        kept = self._kept.get(key)
        now_us = self._now_us()
        if kept is not None and now_us - kept[0] < cache_us:
            return Outcome(Fate.STALE, kept[1], age_us=now_us - kept[0])
        outcome = await self._contact(source, sent)
        if outcome.reply is not None and outcome.reply.status == 200 and self._settings.cached_answers:
            self._kept[key] = (now_us, outcome.reply)
            self._kept.move_to_end(key)
            if len(self._kept) > self._settings.cached_answers:
                self._kept.popitem(last=False)
        return outcome

    async def _contact(self, source: Source, sent: Sent) -> Outcome:
        endpoint = self._endpoint(source)
        breaker = endpoint.breaker
        if not breaker.admits(self._now_us()):
            return Outcome(Fate.RESTING, detail="it failed before and is left alone for a while")
        timeout_s = self._timeout_s(source)
        outcome: Outcome | None = None
        try:
            async with asyncio.timeout(timeout_s), endpoint.turns:
                reply = await self._wire.send(sent)
            outcome = Outcome(Fate.ANSWERED, reply)
        except TimeoutError:
            outcome = Outcome(Fate.TIMED_OUT, detail=f"no answer within {timeout_s:g} s")
        except NoAnswer as error:
            outcome = Outcome(Fate.UNREACHABLE, detail=error.detail)
        finally:
            if outcome is None:
                breaker.gave_up()
        if outcome.reply is not None and outcome.reply.status not in (502, 503, 504):
            breaker.succeeded()
        else:
            breaker.failed(self._now_us(), cooldown_us=source.cooldown_us)
        return outcome

    def _timeout_s(self, source: Source) -> float:
        if source.timeout_us is None:
            return self._settings.timeout_s
        return min(self._settings.timeout_s, source.timeout_us / 1_000_000)

    def _endpoint(self, source: Source) -> _Endpoint:
        origin = _origin(source.endpoint)
        found = self._endpoints.get(origin)
        if found is None:
            if len(self._endpoints) >= _MOST_ENDPOINTS:
                self._endpoints.clear()
            found = self._endpoints[origin] = _Endpoint(self._settings.requests_per_source)
        return found

    def _headers(self, asked: Asked, source: Source) -> dict[str, str]:
        headers = dict(_told(source, asked.headers))
        headers["Via"] = extended(asked.headers.get("via", ""), self.alias(asked.tenant))
        if source.tenant:
            headers["NGSILD-Tenant"] = source.tenant
        return headers


def _told(source: Source, request: Mapping[str, str]) -> dict[str, str]:
    """Return what a source wants to be told with each request (clauses 4.3.6.5, 6.3.19)."""
    headers: dict[str, str] = {}
    for key, value in source.told:
        name = key.lower()
        if name in _OWN or name in _PROCESSED or not _TOKEN.fullmatch(key):
            continue
        told: str | None = value
        if value == _FROM_REQUEST:
            told = None if name in _SECRET else request.get(name)
        if told is not None and _FIELD.fullmatch(told):
            headers[key] = told
    return headers


def _origin(endpoint: str) -> str:
    split = urlsplit(endpoint)
    return f"{split.scheme}://{split.netloc}".lower()

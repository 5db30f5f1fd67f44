"""Keeps the issuer's keys fresh in the background, and on disk for the days when the issuer is gone (I1)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from samstad_access.errors import KeySetRefused
from samstad_access.spi.keys import KeySource

__all__ = ["KeyRefresh", "KeyUser", "RefreshTerms"]

_SECOND_US = 1_000_000
_LOOK_S = 1.0


class KeyUser(Protocol):
    """Access, or a TokenVerifier alone."""

    def use_keys(self, document: bytes, *, until_us: int) -> None:
        """Take a key set."""
        ...

    def refresh_wanted(self, *, now_us: int) -> bool:
        """Whether a newer key set is asked for."""
        ...


class RefreshTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How often keys are asked for and how long the last answer counts."""

    every_s: int = 3600
    retry_s: int = 60
    cache_s: int = 7 * 86_400


class _Cached(msgspec.Struct, frozen=True):
    fetched_us: int
    place: str
    document: bytes


class KeyRefresh:
    """Feeds who verifies tokens.

    Args:
        source: where keys come from.
        user: who verifies by them.
        cache: the file that outlives the process.
        place: the source's name; keys cached from another place do not count.
        terms: how often and how long.

    Attributes:
        fault: why the last fetch failed; None when it did not.
    """

    def __init__(
        self,
        source: KeySource,
        user: KeyUser,
        *,
        cache: Path,
        place: str,
        terms: RefreshTerms | None = None,
    ) -> None:
        self._source = source
        self._user = user
        self._cache = cache
        self._place = place
        self._terms = terms or RefreshTerms()
        self._due_us = 0
        self.fault: str | None = None

    def load(self, *, now_us: int) -> bool:
        """Take the keys from the last fetch on disk; return whether there were any that count."""
        try:
            cached = msgspec.json.decode(self._cache.read_bytes(), type=_Cached)
        except (OSError, msgspec.MsgspecError):
            return False
        until_us = cached.fetched_us + self._terms.cache_s * _SECOND_US
        if cached.place != self._place or now_us >= until_us:
            return False
        try:
            self._user.use_keys(cached.document, until_us=until_us)
        except KeySetRefused:
            return False
        return True

    async def refresh(self, *, now_us: int) -> bool:
        """Fetch now; return whether new keys are in use. A failure leaves the last ones."""
        try:
            document = await self._source.fetch()
            until_us = now_us + self._terms.cache_s * _SECOND_US
            self._user.use_keys(document, until_us=until_us)
        except KeySetRefused as error:
            self.fault = error.detail
            self._due_us = now_us + self._terms.retry_s * _SECOND_US
            return False
        self.fault = None
        self._due_us = now_us + self._terms.every_s * _SECOND_US
        try:
            await asyncio.to_thread(self._write, _Cached(now_us, self._place, document))
        except OSError as error:
            self.fault = f"The keys are in use but cannot be kept for the next start: {error.strerror}."
        return True

    async def run(self, *, now_us: Callable[[], int], sleep: Callable[[float], Awaitable[object]]) -> None:
        """Refresh when due or when a token asks for an unknown key (at most once a minute), for ever."""
        while True:
            if now_us() >= self._due_us or self._user.refresh_wanted(now_us=now_us()):
                await self.refresh(now_us=now_us())
            await sleep(_LOOK_S)

    def _write(self, cached: _Cached) -> None:
        beside = self._cache.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(cached))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._cache)

"""Fetches a JWKS from a file or by https, in a thread: small, without redirects, within ten seconds."""

from __future__ import annotations

import asyncio
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from samstad_access.errors import BadInput, KeySetRefused
from samstad_access.service.key_refresh import KeyRefresh, KeyUser, RefreshTerms
from samstad_access.settings import AccessSettings
from samstad_access.spi.keys import KeySource

__all__ = ["FileKeys", "UrlKeys", "key_refresh", "key_source"]

_MAX_BYTES = 256 * 1024
_TIMEOUT_S = 10


class FileKeys:
    """A KeySource that reads a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def fetch(self) -> bytes:
        """Return the file's content."""
        try:
            return await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            raise KeySetRefused(f"{self._path} cannot be read: {error.strerror}.") from error


class UrlKeys:
    """A KeySource that asks an https URL; http is taken on loopback alone."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme != "https" and not loopback:
            raise KeySetRefused(f"{url} is no https URL: keys from it could be anybody's.")
        self._url = url

    async def fetch(self) -> bytes:
        """Return the answer's body."""
        return await asyncio.to_thread(self._fetch)

    def _fetch(self) -> bytes:
        request = urllib.request.Request(self._url, headers={"Accept": "application/json"})  # noqa: S310 - checked above
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            _NoRedirects(),
        )
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as answer:
                body: bytes = answer.read(_MAX_BYTES + 1)
        except (OSError, urllib.error.URLError, ValueError) as error:
            raise KeySetRefused(f"{self._url} did not answer with keys: {error}.") from error
        if len(body) > _MAX_BYTES:
            raise KeySetRefused(f"{self._url} answered with more than {_MAX_BYTES} bytes.")
        return body


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, *rest: Any) -> NoReturn:
        """Refuse: the keys are asked for where the settings say, nowhere else."""
        del rest
        raise urllib.error.URLError(f"{req.full_url} redirects elsewhere")


def key_source(place: str) -> KeySource:
    """Return the source for a file name or URL of the settings.

    Raises:
        KeySetRefused: it is a URL without https.
    """
    return UrlKeys(place) if "://" in place else FileKeys(Path(place))


def key_refresh(settings: AccessSettings, user: KeyUser, *, cache: Path) -> KeyRefresh:
    """Return the background task that keeps the issuer's keys, as the settings say.

    Args:
        settings: with ``issuer`` and ``jwks``.
        user: Access.
        cache: the file that outlives the process.

    Raises:
        BadInput: an issuer is set without a place for its keys.
        KeySetRefused: the place is a URL without https.
    """
    if not settings.jwks:
        raise BadInput("An issuer needs a place for its keys, a file or an https URL.", pointer="access.jwks")
    terms = RefreshTerms(every_s=settings.jwks_refresh_s, cache_s=settings.jwks_cache_days * 86_400)
    return KeyRefresh(key_source(settings.jwks), user, cache=cache, place=settings.jwks, terms=terms)

"""A supervisor on asyncio: it listens, and any number of sites connect."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from samstad_rsmp.errors import NotNow
from samstad_rsmp.session.events import Event, Ready
from samstad_rsmp.session.link import DEFAULT_TIMING, Identity, Timing
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.shell.clock import Clock, new_message_id, system_clock_ms
from samstad_rsmp.shell.protocol import LinkProtocol
from samstad_rsmp.shell.tls import names_of
from samstad_rsmp.sxl.rows import SXL_VERSIONS

__all__ = ["DEFAULT_PORT", "Lost", "ServerTerms", "SupervisorServer"]

DEFAULT_PORT = 12111
TLS_S = 10.0
"""How long a TLS handshake may take."""


_NOBODY = "(no site is known yet)"
ANY_SITE = Identity(sxls=tuple(reversed(SXL_VERSIONS)))


@dataclass(frozen=True)
class Lost:
    """A site that was up is gone."""

    reason: str


@dataclass(frozen=True)
class ServerTerms:
    """How a supervisor serves.

    Attributes:
        identity: what it speaks, and which sites it knows; none means any.
        timing: how long things take.
        most_links: how many connections there may be at once.
        most_sites: how many sites are remembered.
        tls: the context, None for plain TCP.
        by_certificate: whether a site may only have an id that its certificate names.
    """

    identity: Identity = ANY_SITE
    timing: Timing = DEFAULT_TIMING
    most_links: int = 2_000
    most_sites: int = 10_000
    tls: ssl.SSLContext | None = None
    by_certificate: bool = False


class SupervisorServer:
    """Serves sites; ``told(site_id, event)`` hears everything; the id is "" before it is known.

    Of two connections with one site id the newer holds: a site whose old connection is dead comes back.
    """

    def __init__(
        self,
        terms: ServerTerms,
        *,
        told: Callable[[str, Event | Lost], None] = lambda _site, _event: None,
        clock: Clock = system_clock_ms,
    ) -> None:
        self.books: dict[str, SiteBook] = {}
        self.wishes_for: Callable[[str], Iterable[Wish]] = lambda _site: ()
        self._terms = terms
        self._told = told
        self._clock = clock
        self._links: set[LinkProtocol] = set()
        self._sites: dict[str, LinkProtocol] = {}
        self._server: asyncio.Server | None = None
        self._all_gone = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> int:
        """Listen, and return the port; OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol,
            host,
            port,
            ssl=self._terms.tls,
            ssl_handshake_timeout=TLS_S if self._terms.tls else None,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and wait until all are gone."""
        if self._server is None:
            return
        self._server.close()
        for link in list(self._links):
            link.close("the supervisor stops")
        if self._links:
            self._all_gone.clear()
            try:
                await asyncio.wait_for(self._all_gone.wait(), 2.0)
            except TimeoutError:
                for link in list(self._links):
                    if link.transport is not None:
                        link.transport.abort()
                await self._all_gone.wait()
        await self._server.wait_closed()

    def know(self, site_ids: Iterable[str]) -> None:
        """Serve these sites from now on and no others; who is up and not among them is thrown out.

        With none at all nobody is served.
        """
        known = tuple(site_ids) or (_NOBODY,)
        self._terms = replace(self._terms, identity=replace(self._terms.identity, site_ids=known))
        for site_id, link in list(self._sites.items()):
            if site_id not in known:
                link.close(f"site {site_id} is not known here")

    def is_up(self, site_id: str) -> bool:
        """Tell whether a site is up."""
        return site_id in self._sites

    @property
    def connected(self) -> list[str]:
        """The sites that are up."""
        return sorted(self._sites)

    @property
    def links(self) -> int:
        """How many connections there are, up or not."""
        return len(self._links)

    def speak(self, site_id: str, say: Callable[[SupervisorSession, int], str]) -> str:
        """Let something be said to a site and return its message id; NotNow when it is not connected."""
        link = self._sites.get(site_id)
        if link is None or not isinstance(link.session, SupervisorSession):
            raise NotNow(f"site {site_id} is not connected")
        try:
            return say(link.session, self._clock())
        finally:
            link.flush()

    def book(self, site_id: str) -> SiteBook:
        """Return what is known of a site; NotNow when there are too many sites."""
        book = self.books.get(site_id)
        if book is None:
            if len(self.books) >= self._terms.most_sites:
                raise NotNow(f"more than {self._terms.most_sites} sites")
            book = self.books[site_id] = SiteBook()
            book.wishes = {wish[:3]: wish for wish in self.wishes_for(site_id)}
        return book

    def _protocol(self) -> LinkProtocol:
        return LinkProtocol(self._begin, clock=self._clock, told=self._on_event, lost=self._on_lost)

    def _begin(self, link: LinkProtocol, transport: asyncio.Transport) -> SupervisorSession | None:
        if len(self._links) >= self._terms.most_links:
            return None
        self._links.add(link)
        identity = self._terms.identity
        if self._terms.by_certificate:
            named = names_of(transport.get_extra_info("peercert"))
            known = [name for name in sorted(named) if not identity.site_ids or name in identity.site_ids]
            identity = replace(identity, site_ids=tuple(known) or ("(none that the certificate names)",))
        return SupervisorSession(
            identity, new_id=new_message_id, book_of=self.book, timing=self._terms.timing
        )

    def _on_event(self, link: LinkProtocol, event: Event) -> None:
        site_id = link.session.site_id if isinstance(link.session, SupervisorSession) else ""
        if isinstance(event, Ready):
            older = self._sites.get(site_id)
            self._sites[site_id] = link
            if older is not None and older is not link:
                reason = f"site {site_id} has connected again"
                self._told(site_id, Lost(reason))
                older.close(reason)
        self._told(site_id, event)

    def _on_lost(self, link: LinkProtocol, error: Exception | None) -> None:
        self._links.discard(link)
        if not self._links:
            self._all_gone.set()
        site_id = link.session.site_id if isinstance(link.session, SupervisorSession) else ""
        if self._sites.get(site_id) is link:
            del self._sites[site_id]
            self._told(site_id, Lost(link.reason or str(error or "the site closed the connection")))

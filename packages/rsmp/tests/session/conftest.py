"""A site and a supervisor joined by a wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from samstad_rsmp.session.link import Identity, Timing
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession
from samstad_rsmp.testing import PlainDevice, Wire, counting_ids

SITE = "RN+SI0001"
START = 1_795_000_000_000


@dataclass
class Street:
    """One site, one supervisor, and the time."""

    site_cores: tuple[str, ...] = ("3.2.2",)
    cores: tuple[str, ...] = ("3.1.2", "3.1.3", "3.1.4", "3.1.5", "3.2.0", "3.2.1", "3.2.2")
    site_id: str = SITE
    sites: tuple[str, ...] = (SITE,)
    sxl: str = "1.2.1"
    sxls: tuple[str, ...] = ("1.2.1", "1.1.0", "1.0.15", "1.0.7")
    primary: bool = True
    keeps: object = None
    timing: Timing = field(default_factory=Timing)
    now: int = START

    def __post_init__(self):
        self.device = PlainDevice()
        extra = {"keeps": self.keeps} if self.keeps else {}
        identity = Identity((self.site_id,), (self.sxl,), self.site_cores)
        terms = SiteTerms(identity, timing=self.timing, primary=self.primary, **extra)
        self.site = SiteSession(self.device, terms, new_id=counting_ids(1))
        self.book = SiteBook()
        self._supervisor_ids = counting_ids(2)
        self.connect()

    def connect(self):
        identity = Identity(self.sites, self.sxls, self.cores)
        self.supervisor = SupervisorSession(
            identity, new_id=self._supervisor_ids, book_of=lambda _site: self.book, timing=self.timing
        )
        self.site.connect(self.now)
        self.supervisor.connect(self.now)
        self.wire = Wire(self.site, self.supervisor)

    def disconnect(self):
        self.site.disconnect()

    def run(self, after_ms=0):
        self.now += after_ms
        return [event for _, event in self.wire.run(self.now)]

    def up(self):
        self.run()
        assert self.site.is_ready
        assert self.supervisor.link.is_ready
        self.wire.said.clear()
        self.wire.events.clear()
        return self

    def said(self, *kinds):
        """What went over the wire, as (end, message) without acknowledgements unless asked for."""
        spoken = [(end, json.loads(packet)) for end, packet in self.wire.said]
        skip = {"MessageAck"} - set(kinds)
        return [(e, m) for e, m in spoken if m["type"] not in skip and (not kinds or m["type"] in kinds)]


@pytest.fixture
def street():
    return Street

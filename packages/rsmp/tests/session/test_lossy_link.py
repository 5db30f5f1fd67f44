"""A supervisor and a site over a link that splits, joins, delays and breaks: it always heals."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from samstad_rsmp.framing import Deframer
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.testing import PlainDevice, counting_ids

SITE = "RN+SI0001"
CORES = st.sampled_from([("3.1.2",), ("3.1.4",), ("3.2.2",)])


class Pipe:
    """Bytes under way in one direction; whatever has come out is counted by the message that it answers."""

    def __init__(self):
        self.under_way = b""
        self.deframer = Deframer()
        self.answers = Counter()

    def put(self, chunk):
        self.under_way += chunk
        for packet in self.deframer.feed(chunk):
            message = json.loads(packet)
            if "oMId" in message:
                self.answers[message["oMId"]] += 1

    def take(self, count):
        chunk, self.under_way = self.under_way[:count], self.under_way[count:]
        return chunk


class LossyLink(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 1_795_000_000_000
        self.device = PlainDevice()
        self.book = SiteBook()
        terms = SiteTerms(Identity((SITE,)))
        self.site = SiteSession(self.device, terms, new_id=counting_ids(1))
        self.new_id = counting_ids(2)
        self.supervisor = None
        self.plan = 1

    def is_up(self):
        return self.supervisor is not None

    @precondition(lambda self: not self.is_up())
    @rule(cores=CORES)
    def connect(self, cores):
        identity = Identity((SITE,), cores=cores)
        self.supervisor = SupervisorSession(identity, new_id=self.new_id, book_of=lambda _: self.book)
        self.to_site, self.to_supervisor = Pipe(), Pipe()
        self.site.connect(self.now)
        self.supervisor.connect(self.now)

    @precondition(is_up)
    @rule()
    def break_link(self):
        self.site.disconnect()
        self.supervisor = None

    @precondition(is_up)
    @rule(count=st.integers(1, 400))
    def carry_to_supervisor(self, count):
        self.to_supervisor.put(self.site.take_output())
        self.supervisor.receive(self.to_supervisor.take(count), self.now)

    @precondition(is_up)
    @rule(count=st.integers(1, 400))
    def carry_to_site(self, count):
        self.to_site.put(self.supervisor.take_output())
        self.site.receive(self.to_site.take(count), self.now)

    @rule(after_ms=st.integers(1, 40_000))
    def wait(self, after_ms):
        self.now += after_ms
        self.site.tick(self.now)
        if self.is_up():
            self.supervisor.tick(self.now)

    @precondition(lambda self: self.is_up() and self.supervisor.link.is_ready)
    @rule(on_change=st.booleans())
    def subscribe(self, on_change):
        self.supervisor.subscribe([Wish("TC", "S0014", "status", 10, on_change=on_change)], now_ms=self.now)

    @rule()
    def change_plan(self):
        self.plan = self.plan % 255 + 1
        self.device.values["TC", "S0014"]["status"] = str(self.plan)

    @rule(event=st.sampled_from(AlarmEvent))
    def alarm(self, event):
        state = self.device.alarms.happen(event, "TC", "A0009", now_ms=self.now)
        if state is not None:
            self.site.tell_alarm(event, state, self.now)

    @invariant()
    def nothing_is_answered_twice(self):
        if self.is_up():
            for pipe in (self.to_site, self.to_supervisor):
                assert not [count for count in pipe.answers.values() if count > 1]

    def teardown(self):
        """Whatever happened, a new connection comes up, tells everything and leaves nothing waiting."""
        if self.is_up():
            self.break_link()
        self.now += 1
        self.connect(("3.2.2",))
        for _ in range(1000):
            before = (self.site.link.output_bytes, self.supervisor.link.output_bytes)
            self.carry_to_supervisor(10**9)
            self.carry_to_site(10**9)
            if before == (0, 0) and not self.to_site.under_way and not self.to_supervisor.under_way:
                break
        assert self.site.is_ready
        assert self.supervisor.link.is_ready
        assert len(self.site.buffer) == 0
        assert not self.site.link.pending
        assert not self.supervisor.link.pending
        state = self.device.alarms.find("TC", "A0009")
        assert self.book.alarms["TC", "A0009"].active == ("Active" if state.active else "inActive")
        if ("TC", "S0014", "status") in self.book.wishes:
            self.wait(20_000)
            self.carry_to_supervisor(10**9)
            assert self.book.statuses["TC", "S0014", "status"].value == str(self.plan)


LossyLink.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLossyLink = LossyLink.TestCase

"""Every message that an emulated controller and its supervisor say fits the published schemas."""

from __future__ import annotations

import json

import pytest

from samstad_rsmp.confirm import EXPECTED, is_confirmed
from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.session.events import Garbled, Refused
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.sxl.table import get_sxl
from samstad_rsmp.testing import Wire, counting_ids

SITE = "RN+SI0001"
START = 1_795_996_800_000
CODE = {"securityCode": "2222"}
CLOCK = {"year": "2030", "month": "2", "day": "28", "hour": "23", "minute": "59", "second": "58"}
ORDERS = [
    ("TC", "M0001", {"status": "NormalControl", "timeout": "0", "intersection": "0", **CODE}),
    ("TC", "M0002", {"status": "True", "timeplan": "3", **CODE}),
    ("TC", "M0003", {"status": "True", "traficsituation": "2", **CODE}),
    ("TC", "M0005", {"status": "True", "emergencyroute": "1", **CODE}),
    ("TC", "M0006", {"status": "True", "input": "3", **CODE}),
    ("TC", "M0007", {"status": "True", **CODE}),
    ("DL1", "M0008", {"status": "True", "mode": "True", **CODE}),
    ("SG1", "M0010", {"status": "True", **CODE}),
    ("TC", "M0012", {"status": "1,1,0", **CODE}),
    ("TC", "M0013", {"status": "1,16,0", **CODE}),
    ("TC", "M0014", {"plan": "1", "status": "1-5", **CODE}),
    ("TC", "M0015", {"plan": "1", "status": "7", **CODE}),
    ("TC", "M0016", {"status": "0-1,6-1", **CODE}),
    ("TC", "M0017", {"status": "1-1-0-0,1-2-7-0", **CODE}),
    ("TC", "M0018", {"plan": "1", "status": "90", **CODE}),
    ("TC", "M0019", {"status": "True", "input": "7", "inputValue": "True", **CODE}),
    ("TC", "M0020", {"status": "True", "output": "2", "outputValue": "True", **CODE}),
    ("TC", "M0021", {"status": "1-7", **CODE}),
    ("TC", "M0022", {"requestId": "bus", "signalGroupId": "SG1", "type": "new", "level": "7", "eta": "5"}),
    ("TC", "M0023", {"status": "9", **CODE}),
    ("TC", "M0104", {"securityCode": "1111", **CLOCK}),
    ("TC", "M0103", {"status": "Level1", "oldSecurityCode": "1111", "newSecurityCode": "3"}),
    ("TC", "M0004", {"status": "True", **CODE}),
]


class Link:
    def __init__(self, core, sxl):
        self.now = START
        self.device = EmulatedDevice(Controller(example_junction(SITE)))
        terms = SiteTerms(Identity((SITE,), (sxl,), (core,)))
        self.site = SiteSession(self.device, terms, new_id=counting_ids(1))
        self.book = SiteBook()
        identity = Identity((SITE,), (sxl,))
        self.supervisor = SupervisorSession(identity, new_id=counting_ids(2), book_of=lambda _: self.book)
        self.site.connect(self.now)
        self.supervisor.connect(self.now)
        self.wire = Wire(self.site, self.supervisor)

    def run(self, seconds):
        for _ in range(round(seconds * 10)):
            self.now += 100
            for event, state in self.device.advance(self.now):
                self.site.tell_alarm(event, state, self.now)
            self.wire.run(self.now)
        return self

    def wrong(self):
        return [event for _, event in self.wire.events if isinstance(event, Refused | Garbled)]


def talked(core, sxl):
    """A link on which everything has been said once."""
    link = Link(core, sxl).run(15)
    table = get_sxl(sxl)
    for code, row in table.statuses.items():
        component = next(one for one, kind in link.device.components.items() if kind is row.of)
        link.supervisor.request_status(component, code, now_ms=link.now)
        wishes = [Wish(component, code, one.name, 60) for one in row.arguments if not one.optional]
        link.supervisor.subscribe(wishes, now_ms=link.now)
        link.run(0.1)
    for component, code, values in ORDERS:
        if code in table.commands:
            link.supervisor.command(component, code, values, now_ms=link.now)
            link.run(1)
            if code in EXPECTED and EXPECTED[code].status in table.statuses:
                assert is_confirmed(link.book, "TC", code, values), code
    wishes = ("Acknowledge", "Suspend", "Resume", *(["Request"] if core >= "3.1.5" else []))
    for wish in wishes:
        link.supervisor.wish_of_alarm(wish, "DL1", "A0302", now_ms=link.now)
        link.run(0.1)
    for state in list(link.device.alarms):
        after = link.device.alarms.happen(
            AlarmEvent.ACTIVATE, state.component_id, state.code, now_ms=link.now
        )
        if after is not None:
            link.site.tell_alarm(AlarmEvent.ACTIVATE, after, link.now)
    return link.run(130)


@pytest.mark.parametrize(
    ("core", "sxl"),
    [
        ("3.1.2", "1.0.7"), ("3.1.3", "1.0.10"), ("3.1.4", "1.0.14"), ("3.1.5", "1.0.15"),
        ("3.2.0", "1.1.0"), ("3.2.1", "1.2.1"), ("3.2.2", "1.2.1"),
    ],
)  # fmt: skip
def test_everything_can_be_said_in_every_pair_of_versions(core, sxl):
    link = talked(core, sxl)
    assert link.wrong() == []
    assert link.supervisor.link.is_ready
    known = get_sxl(sxl).alarms
    assert set(link.book.alarms) == {
        (state.component_id, state.code) for state in link.device.alarms if state.code in known
    }


@pytest.mark.slow
@pytest.mark.parametrize(("core", "sxl"), [("3.2.2", "1.2.1"), ("3.1.5", "1.0.15")])
def test_every_message_fits_the_published_schemas(core, sxl, schema_of):
    said = [json.loads(packet) for _, packet in talked(core, sxl).wire.said]
    schemas = [schema_of("core", core)]
    if sxl == "1.2.1":
        schemas.append(schema_of("tlc", sxl))
    kinds = {message["type"] for message in said}
    assert kinds >= {"Version", "Alarm", "StatusUpdate", "CommandResponse", "AggregatedStatus", "Watchdog"}
    assert len(said) > 1000
    wrong = {}
    for message in said:
        for schema in schemas:
            error = next(schema.iter_errors(message), None)
            if error is not None:
                wrong.setdefault(message["type"], (message, error.message))
    assert not wrong
    assert not schemas[0].is_valid({**said[0], "mType": "rsmsg"})

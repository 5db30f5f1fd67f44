"""An emulated junction under the eyes of the safety monitor."""

from __future__ import annotations

import pytest

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.emulator.monitor import SafetyMonitor

START = 1_795_996_800_000  # a Monday at midnight, UTC
CODES = {"securityCode": "2222"}


class Street:
    def __init__(self, junction=None, *, traffic=True, now=START):
        self.junction = junction or example_junction()
        self.controller = Controller(self.junction, own_traffic=traffic)
        self.device = EmulatedDevice(self.controller)
        self.monitor = SafetyMonitor(self.junction)
        self.now = now
        self.seen = []
        self.happened = []

    def run(self, seconds, *, connected=True):
        """Let time pass in steps of 100 ms; return the states of each step."""
        begin = len(self.seen)
        for _ in range(round(seconds * 10)):
            self.now += 100
            self.happened += self.device.advance(self.now, connected=connected)
            states = self.controller.characters(self.now)
            self.monitor.see(states, self.now)
            self.seen.append(states)
        assert self.monitor.violations == []
        return self.seen[begin:]

    def started(self):
        self.run(12)
        return self

    def order(self, code, component="TC", **values):
        given = {name: str(value) for name, value in values.items()}
        return self.device.command(component, code, given, now_ms=self.now)

    def status(self, code, component="TC", interval_ms=0):
        return self.device.read_status(component, code, now_ms=self.now, interval_ms=interval_ms)


@pytest.fixture(scope="session")
def street():
    return Street

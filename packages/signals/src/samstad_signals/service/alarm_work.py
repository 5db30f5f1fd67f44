"""What people do with alarms: acknowledge, suspend for a time, resume, comment; told to the controller too.

What a controller cannot be told now is owed to it, and told when it comes; until then what people wished
holds at the centre. RSMP knows no end of a suspension, so the centre resumes.
"""

from __future__ import annotations

from collections.abc import Callable

from samstad_models.alerts import AlertState
from samstad_signals.service.fleet import FOUND_HERE, AlarmKey, Fleet
from samstad_signals.spi.street import NotConnected, Street, StreetRefused

__all__ = ["AlarmWork"]

SECOND_US = 1_000_000


class AlarmWork:
    """The desk for alarms.

    Args:
        fleet: whose alarms.
        street: is told.
        now_us: the clock.
    """

    def __init__(self, fleet: Fleet, street: Street, *, now_us: Callable[[], int]) -> None:
        self._fleet = fleet
        self._street = street
        self._now_us = now_us

    def acknowledge(self, site_id: str, key: AlarmKey, *, by: str) -> AlertState:
        """Take that a person has seen an alarm; UnknownAlarm where there is none."""
        alert = self._fleet.acknowledge(site_id, key, by=by)
        self._wish(site_id, key, "Acknowledge")
        return alert

    def suspend(self, site_id: str, key: AlarmKey, *, for_s: float) -> AlertState:
        """Silence an alarm for a time; AlertRefusedError where that cannot be."""
        now_us = self._now_us()
        until_us = now_us + round(for_s * SECOND_US)
        alert = self._fleet.suspend(site_id, key, until_us=until_us, now_us=now_us)
        self._wish(site_id, key, "Suspend")
        return alert

    def resume(self, site_id: str, key: AlarmKey) -> AlertState:
        """End the silence of an alarm."""
        alert = self._fleet.resume(site_id, key)
        self._wish(site_id, key, "Resume")
        return alert

    def comment(self, site_id: str, key: AlarmKey, *, by: str, text: str) -> AlertState:
        """Add a comment; AlertRefusedError where it says nothing."""
        return self._fleet.comment(site_id, key, by=by, text=text, now_us=self._now_us())

    def resume_due(self) -> None:
        """End the silences that are over."""
        for site_id, key in self._fleet.resume_due(now_us=self._now_us()):
            self._wish(site_id, key, "Resume")

    def connected(self, site_id: str) -> None:
        """Tell a controller that has come what it is owed."""
        for key, wishes in list(self._fleet.junction(site_id).owed.items()):
            for wish in sorted(wishes):
                self._tell(site_id, key, wish)

    def _wish(self, site_id: str, key: AlarmKey, wish: str) -> None:
        # What was found at the centre the controller knows nothing of; in shadow another centre speaks.
        if key[1] in FOUND_HERE or self._fleet.junction(site_id).is_shadow:
            return
        self._fleet.owe(site_id, key, wish)
        self._tell(site_id, key, wish)

    def _tell(self, site_id: str, key: AlarmKey, wish: str) -> None:
        try:
            self._street.tell_alarm(site_id, key, wish)
        except NotConnected:
            return
        except StreetRefused:  # its exchange list has no such alarm any more: nothing is owed
            self._fleet.refused(site_id, key, wish)

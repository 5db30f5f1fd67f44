"""The demo's street outside a node: what it sends, and a crew that goes on when something is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from samstad_waste.domain.names import own
from samstad_waste.simulation.demo import BINS, Crew, Street

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Node:
    """Answers as a node would, and remembers what it was asked."""

    def __init__(self, plan) -> None:
        self.plan = plan
        self.asked = []
        self.refusing = True

    def ask(self, method, path, body=None):
        self.asked.append((method, path, body))
        if path == "/waste/v1/plans":
            return 201, self.plan
        if path.endswith("/reports") and self.refusing:
            self.refusing = False
            return 503, {"detail": "not now"}
        return 200, {}


def stop(number, subject, kind="stop"):
    at_us = number * 60_000_000
    return {"id": f"s{number}", "kind": kind, "subject": subject, "place": [16.5, 59.6], "arrive_us": at_us}


def test_three_days_come_first_and_the_last_is_not_ahead_of_now():
    street = Street(lambda: NOW)
    steps = list(street.past())
    times = [one[own("sensedDistance")]["observedAt"] for step in steps for one in step]
    assert len(times) == 12 * BINS
    assert times == sorted(times)
    assert times[-1] < NOW.isoformat()
    assert times[0] > (NOW - timedelta(days=3)).isoformat()
    assert all(0 <= level <= 1 for level in street.levels.values())
    assert list(Street(lambda: NOW).past()) == steps


def test_a_crew_empties_what_was_taken_and_goes_on_after_a_refusal(capsys):
    street = Street(lambda: NOW)
    street.levels = dict.fromkeys(street.ids, 0.9)
    stops = [stop(1, street.ids[0]), stop(2, street.ids[1]), stop(3, "site", "unload")]
    node = Node({"id": "p", "routes": [{"vehicle": "v", "stops": stops}]})
    waits = iter([False] * 4 + [True] * 2)
    crew = Crew(node, street, wait=lambda _: next(waits), now=lambda: NOW)
    crew.work()
    assert (street.levels[street.ids[0]], street.levels[street.ids[1]]) == (0.9, 0.0)
    assert crew.driven == 1
    assert "was not taken (503)" in capsys.readouterr().err
    places = [body for _, path, body in node.asked if path.endswith("update") or "upsert" in path]
    assert len(places) == 3

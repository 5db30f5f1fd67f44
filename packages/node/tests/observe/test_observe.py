"""What a node tells of itself, and what it must not tell."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from samstad_node.observe import (
    Check,
    CheckState,
    Metrics,
    aggregate,
    configure_logging,
    health_answer,
    metrics_answer,
    ready_answer,
)
from samstad_node.observe.metrics import MOST_CELLS
from samstad_node.observe.redact import redact, redact_text


@pytest.fixture
def lines():
    stream = io.StringIO()
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    configure_logging(format="json", level="info", role="broker", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_one_json_object_with_time_level_and_role(lines):
    structlog.get_logger().info("role.started", pid=7)
    structlog.get_logger().debug("not written")
    (line,) = lines()
    assert (line["event"], line["pid"], line["role"], line["level"]) == ("role.started", 7, "broker", "info")
    assert line["time"].endswith("Z")


def test_the_standard_library_writes_the_same_lines(lines):
    logging.getLogger("some.library").warning("odd %s", "Bearer abcdefghijkl")
    (line,) = lines()
    assert (line["event"], line["logger"], line["role"]) == ("odd Bearer ***", "some.library", "broker")


def test_an_exception_is_one_line(lines):
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        structlog.get_logger().exception("broken")
    (line,) = lines()
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize(
    "event",
    [
        {"authorization": "Bearer abcdefghijkl"},
        {"headers": {"X-Api-Key": "abcdefghijkl"}},
        {"detail": "sent Authorization: bearer abcdefghijkl"},
        {"url": "https://user:abcdefghijkl@example.org/x"},
        {"url": "/x?access_token=abcdefghijkl&y=1"},
        {"text": "eyJhbGciOiJIUzI1NiJ9.abcdefghijkl.abcdefghijkl"},
        {"list": [{"client_secret": "abcdefghijkl"}]},
        {"key": b"-----BEGIN PRIVATE KEY-----\nabcdefghijkl\n-----END PRIVATE KEY-----"},
    ],
)
def test_secrets_do_not_reach_a_line(lines, event):
    structlog.get_logger().info("x", **event)
    assert "abcdefghijkl" not in json.dumps(lines())


def test_what_is_no_secret_stays():
    event = {"tokens_left": 3, "path": "/ngsi-ld/v1/entities?type=Lamp", "keyboard": "sv", "count": 2}
    assert redact({**event, "monkey": "banana"}) == {**event, "monkey": "banana"}
    assert redact_text("the bearer of bad news") == "the bearer of bad news"


def test_people_get_text():
    stream = io.StringIO()
    configure_logging(format="human", stream=stream)
    structlog.get_logger().info("role.started", pid=7)
    structlog.reset_defaults()
    assert "role.started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_counts_histograms_and_gauges_are_scraped():
    metrics = Metrics()
    requests = metrics.counter("samstad_requests_total", "Requests.", ("status",))
    ok = requests.cell("200")
    ok.count += 3
    seconds = metrics.histogram("samstad_seconds", "Seconds.", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        seconds.cell().observe(value)
    metrics.gauge("samstad_entities", "Entities.", lambda: 42)
    text = metrics_answer(metrics).body.decode()
    assert 'samstad_requests_total{status="200"} 3.0' in text
    assert 'samstad_seconds_bucket{le="0.1"} 2.0' in text
    assert 'samstad_seconds_bucket{le="+Inf"} 4.0' in text
    assert "samstad_seconds_count 4.0" in text
    assert "samstad_entities 42.0" in text
    assert requests.cell("200") is ok


def test_metrics_refuse_what_would_mislead():
    metrics = Metrics()
    metrics.counter("a_total", "A.")
    with pytest.raises(ValueError, match="already"):
        metrics.counter("a_total", "A.")
    with pytest.raises(ValueError, match="_total"):
        metrics.counter("a", "A.")
    with pytest.raises(ValueError, match="labels are"):
        metrics.counter("b_total", "B.", ("x",)).cell()


def test_labels_are_bounded():
    counter = Metrics().counter("a_total", "A.", ("client",))
    for number in range(MOST_CELLS + 5):
        counter.cell(str(number)).count += 1
    assert len(counter.cells) == MOST_CELLS + 1
    assert counter.cell("other").count == 5


OK = Check("log", CheckState.OK)
DEGRADED = Check("jwks", CheckState.DEGRADED, "the issuer does not answer; cached keys are used")
STARTING = Check("state", CheckState.STARTING)
FAILED = Check("log", CheckState.FAILED, "fsync failed")


@pytest.mark.parametrize(
    ("roles", "state", "ready", "statuses"),
    [
        ({}, CheckState.STARTING, False, (200, 503)),
        ({"broker": []}, CheckState.STARTING, False, (200, 503)),
        ({"broker": [OK]}, CheckState.OK, True, (200, 200)),
        ({"broker": [OK, DEGRADED]}, CheckState.DEGRADED, True, (200, 200)),
        ({"broker": [OK], "signals": [STARTING]}, CheckState.STARTING, False, (200, 503)),
        ({"broker": [DEGRADED], "signals": [STARTING, FAILED]}, CheckState.FAILED, False, (503, 503)),
    ],
)
def test_the_worst_check_decides(roles, state, ready, statuses):
    health = aggregate(roles)
    assert (health.state, health.ready) == (state, ready)
    assert (health_answer(health).status, ready_answer(health).status) == statuses


def test_details_are_for_health_and_not_for_ready():
    health = aggregate({"broker": [DEGRADED]})
    assert b"issuer" in health_answer(health).body
    assert b"issuer" not in ready_answer(health).body

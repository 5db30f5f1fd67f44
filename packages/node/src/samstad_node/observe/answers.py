"""``/health``, ``/ready`` and ``/metrics`` as plain data: status, media type, body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from samstad_node.observe.health import CheckState, NodeHealth
from samstad_node.observe.metrics import Metrics

__all__ = ["Answer", "health_answer", "metrics_answer", "ready_answer"]

HEALTH_JSON = "application/health+json"
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Answer(NamedTuple):
    """What an HTTP binding sends as it is."""

    status: int
    media_type: str
    body: bytes


def health_answer(health: NodeHealth) -> Answer:
    """Answer 200 unless a role has failed: then a restart is asked for with 503."""
    status = 503 if health.state is CheckState.FAILED else 200
    return Answer(status, HEALTH_JSON, msgspec.json.encode(health))


def ready_answer(health: NodeHealth) -> Answer:
    """Answer 200 when requests can be answered now, else 503; without details, for load balancers."""
    body = msgspec.json.encode({"ready": health.ready, "state": health.state})
    return Answer(200 if health.ready else 503, HEALTH_JSON, body)


def metrics_answer(metrics: Metrics, more: Iterable[bytes] = ()) -> Answer:
    """Answer with the text that Prometheus scrapes; ``more`` are texts of other processes of the node."""
    return Answer(200, PROMETHEUS_TEXT, b"".join([metrics.exposition(), *more]))

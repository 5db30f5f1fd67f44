"""What a node tells of itself: log lines, metrics, health. Plain data; the HTTP kernel serves it."""

from __future__ import annotations

from samstad_node.observe.answers import Answer, health_answer, metrics_answer, ready_answer
from samstad_node.observe.health import Check, CheckState, NodeHealth, RoleHealth, aggregate
from samstad_node.observe.log import configure_logging
from samstad_node.observe.metrics import Counter, Gauge, Histogram, Metrics

__all__ = [
    "Answer",
    "Check",
    "CheckState",
    "Counter",
    "Gauge",
    "Histogram",
    "Metrics",
    "NodeHealth",
    "RoleHealth",
    "aggregate",
    "configure_logging",
    "health_answer",
    "metrics_answer",
    "ready_answer",
]

"""The broker's figures as metrics for Prometheus; all but the requests are read when somebody scrapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samstad_broker.http.messages import Request
from samstad_node.broker_role.parts import Parts
from samstad_node.observe import Metrics
from samstad_node.server.settings import Observer

__all__ = ["count_requests", "count_state"]

_STATE: tuple[tuple[str, str, Callable[[Parts], float]], ...] = (
    (
        "samstad_entities",
        "Current entities of all tenants.",
        lambda parts: sum(len(dataset) for _, dataset in parts.broker.state.datasets()),
    ),
    (
        "samstad_transient_entities",
        "Entities that expire, or of which something does.",
        lambda parts: parts.expiry.waiting,
    ),
    (
        "samstad_snapshots",
        "Snapshots of all tenants.",
        lambda parts: parts.snapshots.number,
    ),
    (
        "samstad_snapshots_waiting",
        "Snapshots that wait to be filled.",
        lambda parts: len(parts.snapshots.jobs),
    ),
    (
        "samstad_log_position",
        "Number of the last durable row.",
        lambda parts: parts.store.log.head.number,
    ),
)
_FIGURES: tuple[tuple[str, str, str, str], ...] = (
    ("store", "log_bytes", "samstad_log_bytes", "Bytes of the log's files that are not sealed yet."),
    ("store", "log_stretches", "samstad_log_files", "Files of the log that are not sealed yet."),
    ("store", "log_commit_us", "samstad_log_commit_us", "Microseconds that the last commit took."),
    ("store", "free_bytes", "samstad_disk_free_bytes", "Free bytes of the disk that the log is on."),
    ("store", "reserve_bytes", "samstad_disk_reserve_bytes", "Below this much free writes are refused."),
    ("history", "lag_rows", "samstad_history_lag_rows", "Rows that the temporal index has not taken in yet."),
    ("history", "bytes", "samstad_history_bytes", "Bytes of the temporal index."),
    ("delivery", "subscriptions", "samstad_subscriptions", "Subscriptions of all tenants."),
    ("delivery", "times_sent", "samstad_notifications_sent", "Notifications sent for present subscriptions."),
    ("delivery", "times_failed", "samstad_notifications_failed", "Attempts that failed, for the same."),
    ("delivery", "given_up", "samstad_notifications_given_up", "Changes given up; current state was sent."),
    ("delivery", "held", "samstad_notifications_waiting", "Changes that wait for their endpoints."),
    (
        "delivery",
        "withheld",
        "samstad_notifications_withheld",
        "Changes and entities not told since the start: the subscription's owner may not read them.",
    ),
    ("delivery", "failing_endpoints", "samstad_endpoints_failing", "Endpoints whose last attempt failed."),
)


def count_state(metrics: Metrics, parts: Parts) -> None:
    """Add what the broker knows of itself."""
    for name, text, read in _STATE:
        metrics.gauge(name, text, _bound(read, parts))
    sources: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "store": parts.store.figures,
        "history": parts.history.figures,
        "delivery": parts.delivery.figures,
    }
    for source, key, name, text in _FIGURES:
        metrics.gauge(name, text, _figure(sources[source], key))


def count_requests(metrics: Metrics) -> Observer:
    """Return what counts each response; it costs one look-up and two additions."""
    answered = metrics.counter("samstad_http_requests_total", "Requests answered, by status.", ("status",))
    sent = metrics.counter("samstad_http_response_bytes_total", "Bytes of answers of known length.").cell()
    cells = {status: answered.cell(str(status)) for status in (200, 201, 204, 207)}

    def observe(request: Request, status: int, size: int) -> None:
        del request
        cell = cells.get(status)
        if cell is None:
            cell = cells[status] = answered.cell(str(status))
        cell.count += 1
        if size > 0:
            sent.count += size

    return observe


def _bound(read: Callable[[Parts], float], parts: Parts) -> Callable[[], float]:
    return lambda: read(parts)


def _figure(source: Callable[[], Mapping[str, Any]], key: str) -> Callable[[], float]:
    return lambda: float(source().get(key) or 0)

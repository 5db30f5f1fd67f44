"""Set up structlog: one line per event on standard error, JSON for machines or text for people."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog

from samstad_node.observe.redact import redact

__all__ = ["configure_logging"]

Event = MutableMapping[str, Any]


def configure_logging(
    *,
    format: Literal["auto", "json", "human"] = "auto",  # noqa: A002  # the setting's name
    level: Literal["debug", "info", "warning", "error"] = "info",
    role: str | None = None,
    stream: TextIO | None = None,
) -> None:
    """Make ``structlog.get_logger()`` and the standard library's loggers write to one stream.

    ``auto`` writes for people on a terminal and JSON elsewhere. Every line carries the role. Secrets are
    taken out last, so that no caller has to think of them.
    """
    target = stream or sys.stderr
    human = format == "human" or (format == "auto" and target.isatty())
    structlog.contextvars.clear_contextvars()
    if role is not None:
        structlog.contextvars.bind_contextvars(role=role)
    shared: list[Callable[[Any, str, Event], Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.ExceptionRenderer(),
        _redacted,
    ]
    render = structlog.dev.ConsoleRenderer(colors=target.isatty(), timestamp_key="time") if human else _json
    threshold = getattr(logging, level.upper())
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_library(target, [*shared, render], threshold)


def _redacted(_logger: Any, _method: str, event: Event) -> Event:
    clean: Event = redact(event)
    return clean


def _json(_logger: Any, _method: str, event: Event) -> str:
    ordered = {key: event.pop(key) for key in ("time", "level", "role", "event") if key in event} | dict(
        event
    )
    return orjson.dumps(ordered, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _adopt_standard_library(target: TextIO, processors: list[Any], threshold: int) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *processors[:-1]],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, processors[-1]],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))

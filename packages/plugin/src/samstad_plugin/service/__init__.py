"""A service at work: what it is given, what it offers, who may use it."""

from __future__ import annotations

from samstad_plugin.service.admission import OPERATIONS, Caller, Demand, Operation, OwnCheck, caller_of
from samstad_plugin.service.offer import Check, CheckState, Endpoint, Followed, Service
from samstad_plugin.service.surroundings import Cell, Clock, Counter, Log, Metrics, Surroundings

__all__ = [
    "OPERATIONS",
    "Caller",
    "Cell",
    "Check",
    "CheckState",
    "Clock",
    "Counter",
    "Demand",
    "Endpoint",
    "Followed",
    "Log",
    "Metrics",
    "Operation",
    "OwnCheck",
    "Service",
    "Surroundings",
    "caller_of",
]

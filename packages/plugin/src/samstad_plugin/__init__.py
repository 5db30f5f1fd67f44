"""The contract between a node and the services that it loads.

A service is a distribution with an entry point in the group ``samstad.plugins``, which names a ``Plugin``.
The node runs it as a role: in a process of its own, restarted when it fails, with a client for the broker, a
clock and metrics. A service imports this package and never the node; so it can also be tried alone.
"""

from __future__ import annotations

from samstad_plugin.admission import OPERATIONS, Caller, Demand, Operation, OwnCheck, caller_of
from samstad_plugin.declaration import GROUP, CannotStart, Command, Plugin, Problem, ProblemText, Start
from samstad_plugin.service import Check, CheckState, Endpoint, Followed, Service
from samstad_plugin.surroundings import Cell, Clock, Counter, Log, Metrics, Surroundings

__all__ = [
    "GROUP",
    "OPERATIONS",
    "Caller",
    "CannotStart",
    "Cell",
    "Check",
    "CheckState",
    "Clock",
    "Command",
    "Counter",
    "Demand",
    "Endpoint",
    "Followed",
    "Log",
    "Metrics",
    "Operation",
    "OwnCheck",
    "Plugin",
    "Problem",
    "ProblemText",
    "Service",
    "Start",
    "Surroundings",
    "caller_of",
]

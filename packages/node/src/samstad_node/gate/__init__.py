"""The node's one door to its services: who calls, may they, and then on to the service's own process.

It stands in the broker's process, beside the policy, so that a decision costs microseconds. A service that
hangs or is gone costs its own callers a 503, and nobody else anything (I1, I5).
"""

from __future__ import annotations

from samstad_node.gate.app import gate_routes
from samstad_node.gate.services import Services

__all__ = ["Services", "gate_routes"]

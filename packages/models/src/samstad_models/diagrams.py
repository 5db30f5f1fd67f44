"""Mermaid state diagrams, drawn from the transition tables so that they cannot lie."""

from __future__ import annotations

from collections.abc import Iterable

from samstad_models import alerts, commands

__all__ = ["alert_diagram", "command_diagram", "suspension_diagram"]


def _diagram(edges: Iterable[tuple[str, str, str]], *, start: str, ends: Iterable[str]) -> str:
    events: dict[tuple[str, str], list[str]] = {}
    for source, event, target in edges:
        events.setdefault((source, target), []).append(event)
    lines = ["stateDiagram-v2", f"    [*] --> {start}"]
    lines += [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in events.items()]
    lines += [f"    {end} --> [*]" for end in ends]
    return "\n".join(lines)


def command_diagram() -> str:
    """Return the life of a Command."""
    edges = ((row.status, row.event, row.target) for row in commands.TRANSITIONS)
    return _diagram(edges, start="queued", ends=[s for s in commands.STATUSES if commands.is_final(s)])


def alert_diagram() -> str:
    """Return the life of an Alert, without its suspension."""
    return _diagram(alerts.TRANSITIONS, start="new", ends=["closed"])


def suspension_diagram() -> str:
    """Return the suspension of an Alert."""
    return _diagram(alerts.SUSPENSION_TRANSITIONS, start="audible", ends=[])

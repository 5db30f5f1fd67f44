"""The contract between a node and the services that it loads.

A service is a distribution with an entry point in the group ``samstad.plugins``, which names a ``Plugin``.
The node runs it as a role: in a process of its own, restarted when it fails, with a client for the broker, a
clock and metrics. A service imports this package and never the node; so it can also be tried alone.

What a node reads at each start of any command stands here and is light; what a service works with is in
``samstad_plugin.service``.
"""

from __future__ import annotations

from samstad_plugin.declaration import GROUP, CannotStart, Command, Plugin, Problem, ProblemText

__all__ = ["GROUP", "CannotStart", "Command", "Plugin", "Problem", "ProblemText"]

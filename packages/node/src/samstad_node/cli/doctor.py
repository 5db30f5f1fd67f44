"""``samstad doctor``: what is wrong with a node on this machine, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from samstad_node.cli.exits import Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.doctor import Finding, Patient, State, examine, find_running

__all__ = ["doctor"]


def doctor(
    *,
    deep: Annotated[
        bool, Parameter(negative="", help="Read back everything that the node keeps as well; takes a while.")
    ] = False,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Look at a node on this machine and say what is wrong and what to do.

    The exit code is 0 when nothing is wrong, 3 when a setting or a place is, 4 when the node does not answer.
    """
    loaded = command_settings(settings, {"node.data": data}).settings
    where = Path(loaded.node.data).absolute()
    findings = examine(Patient(loaded, where, find_running(where)), deep=deep)
    emit([msgspec.to_builtins(finding) for finding in findings], _text(findings), json=json)
    return max((Exit(one.exit) for one in findings if one.state is State.WRONG), default=Exit.OK)


def _text(findings: list[Finding]) -> str:
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:8}{finding.name:{width}}  {finding.detail}")
        if finding.todo:
            lines.append(f"{'':8}{'':{width}}  → {finding.todo}")
    return "\n".join(lines)

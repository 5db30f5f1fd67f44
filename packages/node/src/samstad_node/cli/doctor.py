"""``samstad doctor``: what is wrong with a node on this machine, and what to do about it."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from cyclopts import Parameter

from samstad_node.cli.exits import Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.settings import Settings
from samstad_node.supervisor.ports import PortTaken, demand_free_port
from samstad_node.supervisor.runfile import RoleState, RunFile

__all__ = ["doctor"]

MIB = 1024 * 1024
ANSWER_WITHIN_S = 3.0
MANY_RESTARTS = 3


class State(StrEnum):
    """What was found."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    todo: str = ""
    exit: Exit = Exit.SETTINGS


class Patient(NamedTuple):
    """The node that is looked at."""

    settings: Settings
    data: Path
    running: RunFile | None


def doctor(
    *,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Look at a node on this machine and say what is wrong and what to do.

    The exit code is 0 when nothing is wrong, 3 when a setting or a place is, 4 when the node does not answer.
    """
    loaded = command_settings(settings, {"node.data": data}).settings
    where = Path(loaded.node.data).absolute()
    patient = Patient(loaded, where, _running(where))
    findings = [finding for look in LOOKS for finding in look(patient)]
    emit([msgspec.to_builtins(finding) for finding in findings], _text(findings), json=json)
    return max((finding.exit for finding in findings if finding.state is State.WRONG), default=Exit.OK)


def _running(data: Path) -> RunFile | None:
    """Return what run.json says, unless it was left behind by a node that is gone."""
    seen = RunFile.read(data)
    return seen if seen is not None and _alive(seen.pid) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _look_at_python(_: Patient) -> Iterator[Finding]:
    shown = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("python", State.OK, f"Python {shown} on {sys.platform}")


def _look_at_directory(patient: Patient) -> Iterator[Finding]:
    nearest = next(path for path in (patient.data, *patient.data.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        detail = f"{nearest} is not a directory that this user may write"
        yield Finding("data", State.WRONG, detail, "name another with --data or node.data, or give the right")
    elif nearest != patient.data:
        yield Finding("data", State.OK, f"{patient.data} is not there yet; a node makes it")
    else:
        yield Finding("data", State.OK, f"{patient.data} can be written")


def _look_at_disk(patient: Patient) -> Iterator[Finding]:
    nearest = next(path for path in (patient.data, *patient.data.parents) if path.exists())
    free_mib = shutil.disk_usage(nearest).free // MIB
    reserve_mib = patient.settings.node.disk_reserve_mib
    if free_mib < reserve_mib:
        detail = f"{free_mib} MiB are free, less than the reserve of {reserve_mib}: writes are refused (507)"
        yield Finding("disk", State.WRONG, detail, "free some space; writes go on by themselves then")
    elif free_mib < 4 * reserve_mib:
        yield Finding("disk", State.WARNING, f"only {free_mib} MiB are free", "free some space soon")
    else:
        yield Finding("disk", State.OK, f"{free_mib} MiB are free")


def _look_at_port(patient: Patient) -> Iterator[Finding]:
    if patient.running is not None:
        return
    http_settings = patient.settings.http
    try:
        demand_free_port(key="http.port", host=http_settings.host, port=http_settings.port)
    except PortTaken as taken:
        yield Finding("port", State.WRONG, str(taken), "stop that program, or name another port")
    else:
        yield Finding("port", State.OK, f"port {http_settings.port} is free")


def _look_at_roles(patient: Patient) -> Iterator[Finding]:
    if patient.running is None:
        yield Finding("node", State.OK, "no node runs on this data directory")
        return
    yield Finding("node", State.OK, f"runs as process {patient.running.pid} since {patient.running.started}")
    for name, role in patient.running.roles.items():
        if role.state is not RoleState.READY:
            detail = f"{role.state}; it ended {role.restarts} times, the last time by: {role.last_end}"
            todo = "read the log of this role for the reason"
            yield Finding(f"role {name}", State.WRONG, detail, todo, Exit.UNREACHABLE)
        elif role.restarts >= MANY_RESTARTS:
            detail = f"ready, but restarted {role.restarts} times, the last time after: {role.last_end}"
            yield Finding(f"role {name}", State.WARNING, detail, "read the log of this role for the reason")
        else:
            yield Finding(f"role {name}", State.OK, f"ready, ports {role.ports}")


def _look_at_answers(patient: Patient) -> Iterator[Finding]:
    for name, role in patient.running.roles.items() if patient.running else ():
        port = role.ports.get("http")
        if port is None:
            continue
        host = patient.settings.http.host.replace("0.0.0.0", "127.0.0.1")  # noqa: S104  # replaced, not bound
        try:
            status = _status_of_health(host, port)
        except OSError as error:
            detail = f"{host} port {port} does not answer: {error}"
            yield Finding(
                f"health {name}", State.WRONG, detail, "see the log; restart the node", Exit.UNREACHABLE
            )
            continue
        well = status < http.client.INTERNAL_SERVER_ERROR
        todo = "" if well else f"see http://{host}:{port}/health"
        state = State.OK if well else State.WRONG
        yield Finding(f"health {name}", state, f"/health answers {status}", todo, Exit.UNREACHABLE)


def _status_of_health(host: str, port: int) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP: {error!r}") from error
    finally:
        connection.close()


LOOKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    _look_at_python,
    _look_at_directory,
    _look_at_disk,
    _look_at_port,
    _look_at_roles,
    _look_at_answers,
)
"""What is looked at, in this order; a new look is one function here."""


def _text(findings: list[Finding]) -> str:
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:8}{finding.name:{width}}  {finding.detail}")
        if finding.todo:
            lines.append(f"{'':8}{'':{width}}  → {finding.todo}")
    return "\n".join(lines)

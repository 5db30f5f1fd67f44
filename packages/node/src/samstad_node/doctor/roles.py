"""Looks at a node that runs: its roles, and what each of them says of itself."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import msgspec

from samstad_node.doctor.finding import Finding, State, Trouble
from samstad_node.doctor.patient import Patient
from samstad_node.observe.health import CheckState, NodeHealth
from samstad_node.supervisor.runfile import RoleState

__all__ = ["look_at_health", "look_at_roles"]

_ANSWER_WITHIN_S = 3.0
_MANY_RESTARTS = 3
_LONGEST_ANSWER = 1024 * 1024


def look_at_roles(patient: Patient) -> Iterator[Finding]:
    """Tell which roles run, and which fell."""
    if patient.running is None:
        yield Finding("node", State.OK, "no node runs on this data directory")
        return
    yield Finding("node", State.OK, f"runs as process {patient.running.pid} since {patient.running.started}")
    for name, role in patient.running.roles.items():
        if role.state is not RoleState.READY:
            detail = f"{role.state}; it ended {role.restarts} times, the last time by: {role.last_end}"
            todo = "read the log of this role for the reason"
            yield Finding(f"role {name}", State.WRONG, detail, todo, Trouble.SILENCE)
        elif role.restarts >= _MANY_RESTARTS:
            detail = f"ready, but restarted {role.restarts} times, the last time after: {role.last_end}"
            yield Finding(f"role {name}", State.WARNING, detail, "read the log of this role for the reason")
        else:
            yield Finding(f"role {name}", State.OK, f"ready, ports {role.ports}")


def look_at_health(patient: Patient) -> Iterator[Finding]:
    """Ask ``/health`` and tell every check that is not well."""
    for name, role in patient.running.roles.items() if patient.running else ():
        if (port := role.ports.get("http")) is not None:
            host = patient.settings.http.host.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - replaced, not bound
            yield from _asked(name, host, port)


def _asked(name: str, host: str, port: int) -> Iterator[Finding]:
    try:
        status, body = _health(host, port)
    except OSError as error:
        detail = f"{host} port {port} does not answer: {error}"
        todo = "see the log; restart the node"
        yield Finding(f"health {name}", State.WRONG, detail, todo, Trouble.SILENCE)
        return
    well = status < http.client.INTERNAL_SERVER_ERROR
    todo = "" if well else f"see http://{host}:{port}/health"
    state = State.OK if well else State.WRONG
    yield Finding(f"health {name}", state, f"/health answers {status}", todo, Trouble.SILENCE)
    yield from _told(body)


def _told(body: bytes) -> Iterator[Finding]:
    try:
        health = msgspec.json.decode(body, type=NodeHealth)
    except msgspec.MsgspecError:
        return  # the status has said what there is to say
    for role, found in health.roles.items():
        for check in found.checks:
            if check.state is CheckState.OK:
                continue
            state = State.WRONG if check.state is CheckState.FAILED else State.WARNING
            detail = f"{check.state}: {check.detail}" if check.detail else str(check.state)
            yield Finding(f"{role} {check.name}", state, detail, exit=Trouble.SILENCE)


def _health(host: str, port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST_ANSWER)
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP: {error!r}") from error
    finally:
        connection.close()

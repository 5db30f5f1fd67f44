"""``samstad serve``: run a node until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import structlog
import uvloop
from cyclopts import Parameter

from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.clock import SystemClock
from samstad_node.observe import configure_logging
from samstad_node.plugins import broken
from samstad_node.release import release
from samstad_node.roles import ROLES
from samstad_node.settings import Settings
from samstad_node.settings.problems import did_you_mean
from samstad_node.supervisor import (
    DataDirectory,
    DataDirectoryInUse,
    Node,
    PortTaken,
    RoleRefused,
    RunFile,
    Supervisor,
    demand_free_port,
    run_single,
    tune_interpreter,
)
from samstad_node.supervisor.lifeline import LIFELINE, follow_lifeline

__all__ = ["serve"]

ROLE_COMMAND = (sys.executable, "-m", "samstad_node.role")


def serve(
    *,
    data: Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")] = None,
    roles: Annotated[str | None, Parameter(help="Roles to run, separated by commas, or `all`.")] = None,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="HTTP port; 0 takes any free one.")] = None,
    open: Annotated[  # noqa: A002  # the flag's name
        bool, Parameter(negative="", show_default=False, help="No login at all; only possible on loopback.")
    ] = False,
    single: Annotated[
        bool, Parameter(negative="", show_default=False, help="All roles in one process.")
    ] = False,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Run a node until SIGTERM or Ctrl-C.

    DIR/run.json says what runs where.
    """
    flags = {
        "node.data": data,
        "roles.run": None if roles is None else [name.strip() for name in roles.split(",") if name.strip()],
        "http.host": host,
        "http.port": port,
        "access.open": open or None,
    }
    loaded = command_settings(settings, flags).settings
    demand_loopback_when_open(loaded)
    node = Node(
        role_names(loaded.roles.run), Path(loaded.node.data).absolute(), loaded, release(), SystemClock()
    )
    configure_logging(format=loaded.log.format, level=loaded.log.level, role="supervisor")
    for name, reason in broken().items():
        structlog.get_logger().warning("node.service_unusable", service=name, reason=reason)
    return run_node(node, single=single, json=json)


def run_node(node: Node, *, single: bool, json: bool) -> int:
    """Hold the data directory, see that the port is free, and run the node to its end."""
    http = node.settings.http
    try:
        with DataDirectory(node.data):
            demand_free_port(key="http.port", host=http.host, port=http.port)
            factory = uvloop.new_event_loop if single else None
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(_run(node, single=single, json=json))
    except DataDirectoryInUse as error:
        todo = "stop that node, or name another directory with --data"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error
    except PortTaken as error:
        todo = "stop that program, or name another port with --port (0 takes any free one)"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error
    except RoleRefused as error:
        raise CommandFailed(error.detail, exit=Exit(error.exit_code), todo=error.todo) from error
    except OSError as error:
        detail = f"the data directory {node.data} cannot be used: {error.strerror or error}"
        raise CommandFailed(
            detail, exit=Exit.SETTINGS, todo="name a directory that this user may write"
        ) from error
    return Exit.OK


async def _run(node: Node, *, single: bool, json: bool) -> None:
    def announce(run_file: RunFile) -> None:
        emit(
            _announcement(run_file),
            f"samstad is ready: {_addresses(run_file, node.settings.http.host) or 'no ports'}",
            json=json,
        )

    stop = asyncio.Event()
    if os.environ.get(LIFELINE) == "1":
        follow_lifeline(sys.stdin.fileno(), asyncio.get_running_loop(), stop.set)
    if single:
        tune_interpreter()
        await run_single(node, ROLES, on_ready=announce, stop=stop)
    else:
        await Supervisor(node, ROLE_COMMAND, announce, stop=stop).run()


def _announcement(run_file: RunFile) -> dict[str, object]:
    ports = {name: role.ports for name, role in run_file.roles.items()}
    return {"ready": True, "pid": run_file.pid, "data": run_file.data, "ports": ports}


def _addresses(run_file: RunFile, host: str) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # compared, not bound
    ports = [(protocol, port) for role in run_file.roles.values() for protocol, port in role.ports.items()]
    return ", ".join(f"{protocol}://{shown}:{port}" for protocol, port in ports)


def role_names(wanted: Sequence[str]) -> list[str]:
    """Return the roles to run, each once, without services that cannot be used.

    Raises:
        CommandFailed: a name is not in the table, or none is left.
    """
    everyone = [name for name, role in ROLES.items() if not role.named_only]
    named = [name for word in wanted for name in (everyone if word == "all" else [word])]
    names = [name for name in named if name not in broken()]
    for name in names:
        if name not in ROLES:
            detail = f"there is no role {name!r}; {did_you_mean(name, ROLES)}"
            raise CommandFailed(detail, exit=Exit.SETTINGS, todo="name roles with --roles a,b or roles.run")
    if not names:
        raise CommandFailed("no role is named", exit=Exit.SETTINGS, todo=f"name some of {', '.join(ROLES)}")
    return list(dict.fromkeys(names))


def demand_loopback_when_open(settings: Settings) -> None:
    """Refuse to serve without login where others can reach the node."""
    if settings.access.open and not _is_loopback(settings.http.host):
        detail = f"access.open is only possible on loopback, and http.host is {settings.http.host}"
        raise CommandFailed(detail, exit=Exit.SETTINGS, todo="leave --open out, or listen on 127.0.0.1")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

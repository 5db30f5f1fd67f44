"""Asking the node that runs in a data directory, as its administrator, for commands that speak with it."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from cyclopts import Parameter

from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.settings import Settings
from samstad_node.supervisor.runfile import RunFile

__all__ = ["KEY", "Data", "OwnKey", "Reason", "RunningNode", "exchange"]

KEY = "SAMSTAD_KEY"
"""The variable that holds an administrator's key."""
_ROOT = "/ngsi-ld/v1"
_WITHIN_S = 10.0
_MOST_BYTES = 1_000_000

Data = Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")]
OwnKey = Annotated[
    str | None,
    Parameter(
        name="--key",
        env_var=KEY,
        show_env_var=True,
        help="An administrator's key, for a node that runs; better given in the environment.",
    ),
]
Reason = Annotated[str, Parameter(help="Why; it stays in the audit.")]


class RunningNode:
    """The node that runs in a data directory, asked as its administrator.

    Args:
        settings: of the node.
        key: an administrator's; the demo's own where none is given.
        reason: why; it goes into the audit.

    Raises:
        CommandFailed: it does not run, or is starting.
    """

    def __init__(self, settings: Settings, *, key: str | None, reason: str = "") -> None:
        self.settings = settings
        self.data = Path(settings.node.data).absolute()
        self.url = f"http://{_local(settings.http.host)}:{_port(RunFile.read(self.data))}"
        self._key = key or _demo_key(self.data)
        self._reason = reason

    def alias(self, tenant: str) -> str:
        """Return what a tenant of the node calls itself."""
        told = self.ask("GET", f"{_ROOT}/info/sourceIdentity", tenant=tenant)
        return str(told["contextSourceAlias"])

    def ask(
        self, method: str, path: str, body: Any = None, *, tenant: str = "", missing: bool = False
    ) -> Any:
        """Return the answer's content; None where there is nothing and that may be.

        Raises:
            CommandFailed: the node does not answer, or refuses.
        """
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        headers |= {"NGSILD-Tenant": tenant} if tenant else {}
        headers |= {"Samstad-Reason": self._reason} if self._reason else {}
        try:
            status, read = exchange(self.url, method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            todo = "samstad doctor says what is wrong with it"
            raise CommandFailed(
                f"the node does not answer: {error}", exit=Exit.UNREACHABLE, todo=todo
            ) from error
        if status == 404 and missing:
            return None
        if status >= 400:
            raise _refused(status, read)
        return orjson.loads(read) if read else None


def _local(host: str) -> str:
    return "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared


def _port(running: RunFile | None) -> int:
    """Return where the node listens."""
    if running is None:
        todo = "start it with samstad serve, and say it again"
        raise CommandFailed("the node does not run", exit=Exit.UNREACHABLE, todo=todo)
    broker = running.roles.get("broker")
    port = None if broker is None else broker.ports.get("http")
    if port is None:
        todo = "wait until it is ready, and try again"
        raise CommandFailed("the node is starting", exit=Exit.UNREACHABLE, todo=todo)
    return port


def exchange(url: str, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return status and body of one request; raises OSError and HTTPException."""
    split = urlsplit(url)
    if split.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            split.hostname or "", split.port, timeout=_WITHIN_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=_WITHIN_S)
    content = None if body is None else orjson.dumps(body)
    encoded = {name: value.encode() for name, value in headers.items()}
    try:
        connection.request(method, path, content, encoded)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()


def _refused(status: int, body: bytes) -> CommandFailed:
    try:
        detail = str(orjson.loads(body).get("detail", status))
    except (orjson.JSONDecodeError, AttributeError):
        detail = f"status {status}"
    todo = (
        f"give an administrator's key in {KEY}, or stop the node and say it again"
        if status in {401, 403}
        else ""
    )
    return CommandFailed(detail, exit=Exit.SETTINGS, todo=todo)


def _demo_key(data: Path) -> str:
    try:
        return (data / "admin.key").read_text(encoding="utf-8").strip()
    except OSError:
        return ""

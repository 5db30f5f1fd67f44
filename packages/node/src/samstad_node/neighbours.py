"""What the roles of one node know of each other: where they listen, and the secrets by which they trust.

Both lie in the data directory, readable by the node's user alone. Ports come from run.json, so that a role
that was started anew is found again; secrets are files of their own, made by whom they let in.
"""

from __future__ import annotations

import ipaddress
import secrets
from pathlib import Path

from samstad_node.supervisor.runfile import RoleState, RunFile

__all__ = ["Neighbours", "SecretFile", "broker_key", "gate_secret"]


class Neighbours:
    """Reads run.json when it has changed.

    Args:
        data: the node's data directory.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._seen: tuple[int, int] = (0, 0)
        self._run: RunFile | None = None

    def port(self, role: str, protocol: str) -> int | None:
        """Return where a role listens now, None while it does not."""
        found = self._current()
        known = None if found is None else found.roles.get(role)
        if known is None or known.state is not RoleState.READY:
            return None
        return known.ports.get(protocol)

    def told(self, role: str) -> str:
        """Return the state of a role, and why it ended the last time."""
        found = self._current()
        known = None if found is None else found.roles.get(role)
        if known is None:
            return "it does not run"
        return known.state if known.last_end is None else f"{known.state}; it ended: {known.last_end}"

    def is_own(self, address: str, port: int) -> bool:
        """Whether a service of this node listens there for the broker's notifications."""
        found = self._current()
        if found is None or not ipaddress.ip_address(address).is_loopback:
            return False
        return any(role.ports.get("gate") == port for role in found.roles.values())

    def _current(self) -> RunFile | None:
        path = self._data / "run.json"
        try:
            stat = path.stat()
        except FileNotFoundError:
            return None
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen != self._seen:
            self._run, self._seen = RunFile.read(self._data), seen
        return self._run


class SecretFile:
    """A secret that one role of the node leaves for another.

    Args:
        path: of the file; its directory is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] = (0, 0)
        self._text = ""

    def read(self) -> str:
        """Return the secret, read again when the file has changed; empty while there is none."""
        try:
            stat = self.path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino)
            if seen != self._seen:
                self._text, self._seen = self.path.read_text(encoding="utf-8").strip(), seen
        except FileNotFoundError:
            self._text, self._seen = "", (0, 0)
        return self._text

    def write(self, text: str) -> None:
        """Put a secret there, whole or not at all, for the node's user alone."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.rename(self.path)

    def ensure(self) -> str:
        """Return the secret, making one of 256 random bits where there is none."""
        if not self.read():
            self.write(secrets.token_urlsafe(32))
        return self.read()


def broker_key(data: Path, role: str) -> SecretFile:
    """Return the key by which a role speaks with the broker beside it; the broker makes it."""
    return SecretFile(data / "roles" / f"{role}.key")


def gate_secret(data: Path, role: str) -> SecretFile:
    """Return the secret by which the broker's process speaks with a role; the role makes it."""
    return SecretFile(data / "roles" / f"{role}.gate")

"""A port that is taken is said before anything starts."""

from __future__ import annotations

import errno
import socket

__all__ = ["PortTaken", "demand_free_port"]


class PortTaken(Exception):
    """Somebody else listens there, or this user may not."""

    def __init__(self, *, key: str, host: str, port: int, reason: str) -> None:
        super().__init__(f"{host} port {port} ({key}) cannot be used: {reason}")
        self.key = key
        self.port = port


def demand_free_port(*, key: str, host: str, port: int) -> None:
    """Try to listen and stop at once; port 0 is always free.

    Raises:
        PortTaken: with the reason in words; also for an address that this machine does not have.
    """
    if port == 0:
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
    except OSError as error:
        raise PortTaken(key=key, host=host, port=port, reason=_reason(error)) from error


def _reason(error: OSError) -> str:
    known = {
        errno.EADDRINUSE: "another program listens there",
        errno.EACCES: "this user may not listen there",
        errno.EADDRNOTAVAIL: "this machine does not have the address",
    }
    return known.get(error.errno or 0, error.strerror or str(error))

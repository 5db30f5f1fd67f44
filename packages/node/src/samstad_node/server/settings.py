"""What the HTTP server may be told; every bound has a default (invariant I5)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from samstad_broker.http.messages import Request

__all__ = ["Observer", "ServerSettings"]

Observer = Callable[[Request, int, int], None]
"""Told of each response: the request, the status, the bytes of the body (-1 for a stream)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens and what it bears with.

    Attributes:
        host: the address to bind; loopback unless the node is meant to be reached.
        port: 0 for any free one.
        server: ``native`` is the thin protocol of this package, ``uvicorn`` the safe alternative. Uvicorn
            knows no limit on headers and no time-outs but the idle one: put a proxy before it.
        tls: serves HTTPS where given.
        connections: open at the same time; one more is answered 503 and closed.
        pipeline: requests of one connection that may wait while another is answered.
        target_bytes: of a request target, else 414.
        head_bytes: of all header names and values of a request, else 431.
        headers: of a request, else 431.
        body_bytes: of the content, else 413 while it is still coming.
        head_s: seconds from the first byte of a request to the end of its headers, else 408.
        body_s: seconds without any content while more is expected, else 408.
        body_rate: bytes a second that content must keep up after ``body_s``, else 408.
        idle_s: seconds between requests before the connection is closed.
        linger_s: seconds for which a refused client may still send, so that it can read why.
        write_s: seconds for which a client may read nothing of a response before it is cut off.
        sweep_s: how often the time-outs are looked at, in seconds: their precision.
        access_log: writes a line for each response to the logger ``samstad.access``.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    server: Literal["native", "uvicorn"] = "native"
    tls: ssl.SSLContext | None = None
    connections: int = 10_000
    pipeline: int = 64
    target_bytes: int = 16 * 1024
    head_bytes: int = 32 * 1024
    headers: int = 100
    body_bytes: int = 16 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 30.0
    body_rate: int = 512
    idle_s: float = 75.0
    linger_s: float = 2.0
    write_s: float = 60.0
    sweep_s: float = 1.0
    access_log: bool = False

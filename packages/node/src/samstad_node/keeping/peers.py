"""The nodes that this one has joined, kept beside its data by ``samstad peer``; no key is among it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

__all__ = ["PEERS_FILE", "JoinedPeer", "read_peers", "write_peers"]

PEERS_FILE = "peers.json"


class JoinedPeer(msgspec.Struct, frozen=True, kw_only=True):
    """One node that is asked.

    Attributes:
        name: what it calls itself.
        registration: the id of the registration by which it is asked.
        tenant: here.
        url: where it is.
        types: IRIs of what it shares.
        expires_at: when the agreement ends.
        purpose: what it is for.
    """

    name: str
    registration: str
    tenant: str
    url: str
    types: tuple[str, ...]
    expires_at: str
    purpose: str


def read_peers(data: Path) -> list[JoinedPeer]:
    """Return the joined nodes in the order in which they were; none where nothing was kept."""
    try:
        return msgspec.json.decode((data / PEERS_FILE).read_bytes(), type=list[JoinedPeer])
    except FileNotFoundError:
        return []


def write_peers(data: Path, peers: Sequence[JoinedPeer]) -> None:
    """Keep the joined nodes; a crash leaves the former list or the new one."""
    new = data / (PEERS_FILE + ".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(peers)) + b"\n")
    new.replace(data / PEERS_FILE)

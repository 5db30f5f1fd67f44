"""What lies in a node's data directory, and what of it a copy holds.

Every package has its databases directly under the directory, one ``*.db`` each; the broker has a directory of
its own. So a package that comes later is in every backup and export without being named here.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BROKER", "KEPT_FILES", "databases", "kept_files"]

BROKER = "broker"
"""The broker's own directory."""
KEPT_FILES = ("access-keys.json", "peers.json")
"""Files beside the databases that belong to the data: the issuer's keys as fetched last, the joined peers."""


def databases(data: Path) -> list[Path]:
    """Return the databases directly under a data directory."""
    return sorted(data.glob("*.db"))


def kept_files(data: Path) -> list[Path]:
    """Return the other files that a copy holds; keys in clear text are not among them, nor what runs."""
    return [data / name for name in KEPT_FILES if (data / name).is_file()]

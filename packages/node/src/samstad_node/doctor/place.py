"""Looks at the machine: Python, the data directory and who may read it, the disk, the port."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from samstad_node.doctor.finding import Finding, State
from samstad_node.doctor.patient import Patient
from samstad_node.plugins import broken, installed
from samstad_node.supervisor.ports import PortTaken, demand_free_port

__all__ = [
    "look_at_directory",
    "look_at_disk",
    "look_at_port",
    "look_at_python",
    "look_at_secrets",
    "look_at_services",
]

_MIB = 1024 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def look_at_python(_: Patient) -> Iterator[Finding]:
    """Tell what it runs on."""
    shown = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("python", State.OK, f"Python {shown} on {sys.platform}")


def look_at_services(_: Patient) -> Iterator[Finding]:
    """Tell which services are installed, and which of them cannot be used."""
    yield Finding("services", State.OK, f"installed: {', '.join(installed()) or 'none'}")
    for name, reason in broken().items():
        todo = "install it again, or take it away; the node runs without it"
        yield Finding(f"service {name}", State.WRONG, reason, todo)


def look_at_directory(patient: Patient) -> Iterator[Finding]:
    """See whether the data directory can be written, or made."""
    nearest = patient.nearest
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        detail = f"{nearest} is not a directory that this user may write"
        yield Finding("data", State.WRONG, detail, "name another with --data or node.data, or give the right")
    elif nearest != patient.data:
        yield Finding("data", State.OK, f"{patient.data} is not there yet; a node makes it")
    else:
        yield Finding("data", State.OK, f"{patient.data} can be written")


def look_at_secrets(patient: Patient) -> Iterator[Finding]:
    """See whether others on the machine may read the keys that the roles leave for each other."""
    loose = [path for path in _secret_files(patient.data) if path.stat().st_mode & _OTHERS]
    if loose:
        shown = ", ".join(str(path) for path in loose)
        yield Finding(
            "secrets", State.WRONG, f"others may read {shown}", f"chmod go= {shown}; give out new keys"
        )


def _secret_files(data: Path) -> list[Path]:
    kept = [data / "admin.key", *data.glob("roles/*.key"), *data.glob("roles/*.gate")]
    return [path for path in kept if path.is_file()]


def look_at_disk(patient: Patient) -> Iterator[Finding]:
    """Hold the free space against the reserve under which writes are refused (I5)."""
    free_mib = shutil.disk_usage(patient.nearest).free // _MIB
    reserve_mib = patient.settings.node.disk_reserve_mib
    if free_mib < reserve_mib:
        detail = f"{free_mib} MiB are free, less than the reserve of {reserve_mib}: writes are refused (507)"
        yield Finding("disk", State.WRONG, detail, "free some space; writes go on by themselves then")
    elif free_mib < 4 * reserve_mib:
        yield Finding("disk", State.WARNING, f"only {free_mib} MiB are free", "free some space soon")
    else:
        yield Finding("disk", State.OK, f"{free_mib} MiB are free")


def look_at_port(patient: Patient) -> Iterator[Finding]:
    """See whether a node that does not run could have its port."""
    if patient.running is not None:
        return
    http_settings = patient.settings.http
    try:
        demand_free_port(key="http.port", host=http_settings.host, port=http_settings.port)
    except PortTaken as taken:
        yield Finding("port", State.WRONG, str(taken), "stop that program, or name another port")
    else:
        yield Finding("port", State.OK, f"port {http_settings.port} is free")

"""The looks, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from samstad_node.doctor.files import look_at_audit, look_at_everything_kept, look_at_schemas
from samstad_node.doctor.finding import Finding
from samstad_node.doctor.patient import Patient
from samstad_node.doctor.place import (
    look_at_directory,
    look_at_disk,
    look_at_port,
    look_at_python,
    look_at_secrets,
    look_at_services,
)
from samstad_node.doctor.roles import look_at_health, look_at_roles

__all__ = ["examine"]

Look = Callable[[Patient], Iterator[Finding]]

LOOKS: tuple[Look, ...] = (
    look_at_python,
    look_at_services,
    look_at_directory,
    look_at_secrets,
    look_at_schemas,
    look_at_disk,
    look_at_port,
    look_at_roles,
    look_at_health,
)
"""What is looked at each time; a new look is one function and one row here."""

DEEP: tuple[Look, ...] = (look_at_everything_kept, look_at_audit)
"""What takes long on much data, and is looked at when asked for."""


def examine(patient: Patient, *, deep: bool = False) -> list[Finding]:
    """Look at a node and return everything that was found, well or not."""
    return [finding for look in (*LOOKS, *(DEEP if deep else ())) for finding in look(patient)]

"""Scopes as a client wrote them (clause 4.18)."""

from __future__ import annotations

from typing import Any

from samstad_ngsild.document import NULL
from samstad_ngsild.entities.instances import Reading
from samstad_ngsild.entities.names import is_scope
from samstad_ngsild.errors import BadRequestData

__all__ = ["read_scopes"]


def read_scopes(reading: Reading, scope: Any, *, pointer: str = "/scope") -> list[str] | str:
    """Return the scopes as a list, or the NGSI-LD Null where it is allowed.

    Raises:
        BadRequestData: with a pointer to the scope at fault.
    """
    if scope in (NULL, [NULL]):
        if reading.nulls.values:
            return NULL
        raise BadRequestData("There is no scope to delete here.", pointer=pointer)
    scopes = scope if type(scope) is list else [scope]
    for index, item in enumerate(scopes):
        if not is_scope(item):
            place = f"{pointer}/{index}" if scopes is scope else pointer
            raise BadRequestData(
                f"{item!r:.60} is no scope; write it like /Vasteras/Centrum (clause 4.18).", pointer=place
            )
    if not scopes:
        raise BadRequestData("A list of scopes has at least one.", pointer=pointer)
    return list(dict.fromkeys(scopes))

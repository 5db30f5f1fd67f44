"""How delicate the entities of a type are; what nobody has labelled is the most restricted."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import ClassVar

import msgspec

__all__ = ["MOST_RESTRICTED", "Classification", "Label", "LabelRecord", "Labels", "level"]


class Classification(StrEnum):
    """Who may see it: everybody, the organisation, those with a task, a few named people."""

    OPEN = "open"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class _Level(IntEnum):
    OPEN = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3


def level(classification: str) -> int:
    """Return the rank of a classification; a word that is unknown ranks as the most restricted."""
    try:
        return int(_Level[classification.upper()])
    except KeyError:
        return int(_Level.RESTRICTED)


class Label(msgspec.Struct, frozen=True):
    """The classification of a resource, and whether it tells about persons."""

    classification: Classification = Classification.RESTRICTED
    personal: bool = True


MOST_RESTRICTED = Label()


class LabelRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A label as it is stored: for a type in a tenant, a type everywhere, or all of a tenant.

    Attributes:
        tenant: a tenant's name, the empty string for the default one, or ``*``.
        type: an entity type's IRI, or ``*``.
    """

    KIND: ClassVar[str] = "label"

    tenant: str
    type: str
    classification: Classification = Classification.RESTRICTED
    personal: bool = True

    @property
    def id(self) -> str:
        """The key in the store; a tenant's name holds no space."""
        return f"{self.tenant} {self.type}"

    @property
    def owner(self) -> str:
        """The tenant."""
        return self.tenant

    @property
    def expires_us(self) -> int | None:
        """Labels do not expire."""
        return None


class Labels:
    """Finds the label of a resource: the most exact one that was given, or the most restricted."""

    __slots__ = ("_labels",)

    def __init__(self, records: Iterable[LabelRecord] = ()) -> None:
        self._labels = {(r.tenant, r.type): Label(r.classification, r.personal) for r in records}

    def of(self, tenant: str, entity_type: str | None) -> Label:
        """Return the label of a type in a tenant; None is what is not about one type."""
        for place in ((tenant, entity_type or "*"), ("*", entity_type or "*"), (tenant, "*")):
            found = self._labels.get(place)
            if found is not None:
                return found
        return MOST_RESTRICTED

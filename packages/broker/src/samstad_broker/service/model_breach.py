"""The refusal of an entity that breaks its model, which speaks in the caller's own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from samstad_ngsild.errors import BadRequestData

__all__ = ["Breach", "BreaksModel"]

_MOST_TOLD = 20
"""Breaches in one refusal; an entity with more is beyond repair by reading."""


class Breach(NamedTuple):
    """One way in which an entity breaks the model of its type.

    Attributes:
        entity_type: the type, as the model calls it.
        attribute: the expanded name of the attribute.
        name: its short name in the model.
        inside: JSON pointer from the attribute on; empty for the attribute itself.
        problem: what is wrong and what would be right, as the end of a sentence that begins with a name.
    """

    entity_type: str
    attribute: str
    name: str
    inside: str
    problem: str


class Names(Protocol):
    """Gives names as a caller wrote them; Context is one."""

    def compact(self, iri: str) -> str:
        """Return the term for an IRI, or the IRI itself."""
        ...


class BreaksModel(BadRequestData):
    """An entity breaks the model of its type, in a tenant that refuses that.

    Args:
        breaches: at least one.
        names: of the caller; None for the model's own, where nobody knows the caller's.
    """

    def __init__(self, breaches: Sequence[Breach], names: Names | None = None) -> None:
        told = [_told(breach, names) for breach in breaches[:_MOST_TOLD]]
        more = f" {len(breaches) - 1} more stand in breaches." if len(breaches) > 1 else ""
        first = told[0]
        super().__init__(
            f"{first['detail']}{more} This tenant refuses entities that break their models; see /models.",
            pointer=first["pointer"],
            breaches=told,
        )
        self.breaches = breaches

    def named(self, names: Names) -> BreaksModel:
        """Return the same refusal in the names of a caller."""
        return BreaksModel(self.breaches, names)


def _told(breach: Breach, names: Names | None) -> dict[str, str]:
    name = breach.name if names is None else names.compact(breach.attribute)
    pointer = "/" + name.replace("~", "~0").replace("/", "~1") + breach.inside
    return {"pointer": pointer, "detail": f"{name} of the {breach.entity_type} {breach.problem}."}

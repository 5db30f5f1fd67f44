"""Which registrations a request concerns, and which exclude each other (clauses 5.12, 4.3.6.3, 5.9.2.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samstad_ngsild.query.regular import compile_pattern

__all__ = ["Wanted", "attributes_of", "excludes", "information_matches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A specification of entities and attributes.

    Attributes:
        ids: empty for any.
        fits_pattern: tells whether an id meets the id pattern; None where there is none.
        fits_types: tells whether types are selected; None for any.
        attributes: IRIs; empty for all.
    """

    ids: Collection[str] = ()
    fits_pattern: Callable[[str], bool] | None = None
    fits_types: Callable[[Collection[str]], bool] | None = None
    attributes: Collection[str] = ()


def attributes_of(info: Mapping[str, Any]) -> frozenset[str]:
    """Return the attributes that an element of information names; empty for all."""
    return frozenset((*info.get("propertyNames", ()), *info.get("relationshipNames", ())))


def information_matches(content: Mapping[str, Any], wanted: Wanted) -> bool:
    """Whether one element of information meets both entities and attributes (clause 5.12)."""
    for info in content["information"]:
        entities = info.get("entities")
        names = attributes_of(info)
        if wanted.attributes and names and names.isdisjoint(wanted.attributes):
            continue
        if entities is None or any(_entity_matches(entity, wanted) for entity in entities):
            return True
    return False


def _entity_matches(entity: Mapping[str, Any], wanted: Wanted) -> bool:
    if wanted.fits_types is not None and not wanted.fits_types(entity["type"]):
        return False
    if not wanted.ids and wanted.fits_pattern is None:
        return True
    if "id" not in entity and "idPattern" not in entity:
        return True
    return _id_matches(entity, wanted)


def _id_matches(entity: Mapping[str, Any], wanted: Wanted) -> bool:
    own = entity.get("id")
    if own is not None:
        fits = wanted.fits_pattern
        return own in wanted.ids or (not wanted.ids and fits is not None and fits(own))
    if not wanted.ids:
        return True  # two patterns: whether one id meets both is not decided
    search = compile_pattern(entity["idPattern"]).search
    return any(search(entity_id) for entity_id in wanted.ids)


def excludes(new: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a registration cannot stand beside another one (clause 4.3.6.3).

    An exclusive one excludes every exclusive or redirect one for the same entity and attributes.
    """
    modes = {new.get("mode"), other.get("mode")}
    if "exclusive" not in modes or not modes <= {"exclusive", "redirect"}:
        return False
    exclusive, second = (new, other) if new.get("mode") == "exclusive" else (other, new)
    return any(information_matches(second, wanted) for wanted in _claims(exclusive))


def _claims(exclusive: Mapping[str, Any]) -> Iterator[Wanted]:
    for info in exclusive["information"]:
        for entity in info["entities"]:
            types = frozenset(entity["type"])
            yield Wanted(
                ids=(entity["id"],),
                fits_types=lambda other, types=types: not types.isdisjoint(other),  # type: ignore[misc]
                attributes=attributes_of(info),
            )

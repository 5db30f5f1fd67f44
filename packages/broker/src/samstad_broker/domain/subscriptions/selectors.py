"""Entity selectors of a subscription (clauses 5.2.33 and 4.17)."""

from __future__ import annotations

from typing import Any

from samstad_broker.domain.subscriptions.members import text
from samstad_broker.domain.subscriptions.subscription import EntitySelector
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.expression import NameExpander
from samstad_ngsild.query.regular import compile_pattern
from samstad_ngsild.query.types import alternatives, compile_type_selection, parse_type_selection

__all__ = ["MAX_SELECTORS", "parse_selectors"]

MAX_SELECTORS = 1_000
"""Selectors of one subscription, and ids of one selector (invariant I5)."""

_MEMBERS = frozenset({"id", "idPattern", "type"})


def parse_selectors(value: Any, names: NameExpander) -> tuple[EntitySelector, ...]:
    """Return the selectors of the member ``entities``.

    Raises:
        BadRequestData: it is no array of selectors, an id is no URI, a pattern or type selection is wrong.
    """
    if not isinstance(value, list) or not 0 < len(value) <= MAX_SELECTORS:
        raise BadRequestData(
            f"entities must be an array of 1 to {MAX_SELECTORS} entity selectors.", pointer="/entities"
        )
    return tuple(_selector(item, f"/entities/{position}", names) for position, item in enumerate(value))


def _selector(value: Any, pointer: str, names: NameExpander) -> EntitySelector:
    if not isinstance(value, dict):
        raise BadRequestData(f"{pointer} must be an object with a type.", pointer=pointer)
    unknown = sorted(set(value) - _MEMBERS)
    if unknown:
        raise BadRequestData(
            f"An entity selector has id, idPattern and type, but no {unknown[0]!r}.",
            pointer=f"{pointer}/{unknown[0]}",
        )
    if "type" not in value:
        raise BadRequestData(
            f"{pointer} has no type; name the entity types, or '*' for all (clause 5.2.33).",
            pointer=f"{pointer}/type",
        )
    ids = _ids(value["id"], f"{pointer}/id") if "id" in value else frozenset()
    pattern = None
    if "idPattern" in value:
        where = f"{pointer}/idPattern"
        pattern = compile_pattern(text(value["idPattern"], where), pointer=where)
    return _typed(text(value["type"], f"{pointer}/type"), f"{pointer}/type", names, ids=ids, pattern=pattern)


def _ids(value: Any, pointer: str) -> frozenset[str]:
    if not isinstance(value, list):
        return frozenset((check_uri(value, pointer=pointer),))
    if not 0 < len(value) <= MAX_SELECTORS:
        raise BadRequestData(f"{pointer} must name 1 to {MAX_SELECTORS} entities.", pointer=pointer)
    return frozenset(check_uri(item, pointer=f"{pointer}/{position}") for position, item in enumerate(value))


def _typed(selection: str, pointer: str, names: NameExpander, **members: Any) -> EntitySelector:
    parsed = parse_type_selection(selection, pointer=pointer)
    keys = alternatives(parsed, names)
    if keys is None:
        return EntitySelector(fits_types=None, **members)
    return EntitySelector(
        fits_types=compile_type_selection(parsed, names),
        type_keys=tuple(sorted(keys)),
        keys_decide=";" not in selection,
        **members,
    )

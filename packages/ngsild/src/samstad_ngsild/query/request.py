"""A whole query (clauses 5.2.23, 5.7.2): which entities, what of them, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from samstad_ngsild.errors import BadRequestData, InvalidRequest
from samstad_ngsild.query.expression import NameExpander, QExpression
from samstad_ngsild.query.geo import GeoQuery
from samstad_ngsild.query.order import Order
from samstad_ngsild.query.projection import Projection
from samstad_ngsild.query.q_terms import SYSTEM_ATTRIBUTES, attribute_names, link_depth
from samstad_ngsild.query.regular import SafePattern
from samstad_ngsild.query.scope import ScopeQuery
from samstad_ngsild.query.types import TypeSelection

__all__ = ["EntitySelector", "Query", "check_query"]


@dataclass(frozen=True, slots=True)
class EntitySelector:
    """Ids, an id pattern and types that an entity must all meet (clause 5.2.33)."""

    ids: tuple[str, ...] = ()
    id_pattern: SafePattern | None = None
    types: TypeSelection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as it was asked; ``compile_query`` makes it run.

    Attributes:
        context: expands the names in it.
        selectors: an entity must meet one of them; none: every entity will do.
        q, scope, geo: filters on values, scopes and places.
        csf: filter on the registrations to ask (clause 4.9).
        attrs: an entity must have one of these, and only these are shown (deprecated).
        pick, omit: what is shown of it.
        dataset_ids: instances that are shown, ``@none`` for the default one; empty: all.
        expand_values, json_keys: names of attributes whose values are read in a special way.
        lang, geometry_property: of the representation.
        order: in which order; local operations only.
        join, join_level, contained_by: retrieval of linked entities (clause 4.5.23); join is ``flat``,
            ``inline`` or None.
        local: the execution is limited to local scope (clause 5.5.13); None: not said.
        split_entities, entity_map, entity_map_lifetime: of distributed operations.
        attached: what others keep beside the query while it lives, by a key of their own.
    """

    context: NameExpander
    selectors: tuple[EntitySelector, ...] = ()
    q: QExpression | None = None
    scope: ScopeQuery | None = None
    geo: GeoQuery | None = None
    csf: QExpression | None = None
    attrs: tuple[str, ...] = ()
    pick: Projection | None = None
    omit: Projection | None = None
    dataset_ids: tuple[str, ...] = ()
    expand_values: tuple[str, ...] = ()
    json_keys: tuple[str, ...] = ()
    lang: str | None = None
    geometry_property: str | None = None
    order: Order | None = None
    join: str | None = None
    join_level: int | None = None
    contained_by: tuple[str, ...] = ()
    local: bool | None = None
    split_entities: bool | None = None
    entity_map: bool = False
    entity_map_lifetime: str | None = None
    attached: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def asks_everything(self) -> bool:
        """Whether a selector is ``type=*``, which implies local scope."""
        return any(s.types is not None and s.types.is_everything for s in self.selectors)

    @property
    def link_depth(self) -> int:
        """Over how many relationships linked entities are retrieved."""
        return 0 if self.join is None else self.join_level or 1


def check_query(query: Query, *, local: bool, temporal: bool) -> None:
    """Refuse a query whose parts do not fit together.

    Args:
        query: the query.
        local: the execution is limited to local scope, whatever the query says of it.
        temporal: it asks for temporal evolutions (clause 5.7.4.4).

    Raises:
        InvalidRequest: parameters exclude each other (clause 6.3.20).
        BadRequestData: it asks too widely or too deeply (clauses 5.7.2.4, 5.7.4.4).
    """
    is_local = local or query.local is True or query.asks_everything
    _check_parameters(query)
    if not (is_local or _is_narrow(query)):
        detail = (
            "The query is too wide: give at least one of type, attrs, q or georel with an attribute that is "
            "not createdAt, modifiedAt or the like, or ask with local=true."
        )
        raise BadRequestData(detail)
    if query.order is not None:
        _check_order(query.order, is_local=is_local, temporal=temporal)
    _check_depth(query, temporal=temporal)


def _is_narrow(query: Query) -> bool:
    if query.geo is not None or any(s.types is not None for s in query.selectors):
        return True
    if not SYSTEM_ATTRIBUTES.issuperset(query.attrs):
        return True
    return query.q is not None and not SYSTEM_ATTRIBUTES.issuperset(attribute_names(query.q))


def _check_parameters(query: Query) -> None:
    if query.attrs and (query.pick is not None or query.omit is not None):
        raise InvalidRequest("attrs is the deprecated form of pick: give one of them.", pointer="attrs")
    if query.pick is not None and query.omit is not None:
        both = query.pick.names & {name for name, inner in query.omit.terms if inner is None}
        if both:
            raise InvalidRequest(f"{min(both)!r} is both picked and omitted.", pointer="omit")
    if query.asks_everything and query.local is False:
        raise InvalidRequest("type=* implies local scope: local cannot be false.", pointer="local")
    if query.join is None and query.join_level is not None:
        raise InvalidRequest("joinLevel needs join=flat or join=inline.", pointer="joinLevel")
    if query.contained_by and query.join_level is None:
        raise InvalidRequest("containedBy needs joinLevel.", pointer="containedBy")
    if query.entity_map_lifetime is not None and not query.entity_map:
        raise InvalidRequest("entityMapLifetime needs entityMap=true.", pointer="entityMapLifetime")


def _check_order(order: Order, *, is_local: bool, temporal: bool) -> None:
    if not is_local:
        raise BadRequestData(
            "Entities are ordered in local scope only: ask with local=true.", pointer="orderBy"
        )
    if temporal and any(term.path.names != ("id",) for term in order.terms):
        raise BadRequestData("Temporal evolutions are ordered by id only.", pointer="orderBy")


def _check_depth(query: Query, *, temporal: bool) -> None:
    allowed = 0 if temporal else query.link_depth
    depths = {
        "pick": 0 if query.pick is None else query.pick.depth,
        "omit": 0 if query.omit is None else query.omit.depth,
        "q": 0 if query.q is None else link_depth(query.q),
    }
    for pointer, depth in depths.items():
        if depth > allowed:
            how = "which temporal queries do not" if temporal else f"and join and joinLevel allow {allowed}"
            detail = f"{pointer} follows {depth} relationship(s) to linked entities, {how}."
            raise BadRequestData(detail, pointer=pointer)

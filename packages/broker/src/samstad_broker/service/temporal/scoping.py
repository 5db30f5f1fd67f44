"""Scope queries over evolutions (clauses 4.19, 5.7.4.4, annex C.5.16)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from samstad_broker.service.temporal.asking import SCOPE, TemporalAsk
from samstad_broker.spi.history import HistoryEntity, HistoryIndex
from samstad_ngsild.document import Instance
from samstad_ngsild.errors import TooComplexQuery
from samstad_ngsild.query.scope import ScopeQuery, compile_scope_query
from samstad_ngsild.temporal import Validity, valid_scopes

__all__ = ["ScopeFilter"]

_MOST_SCOPES = 10_000
_MOST_WINDOWS = 100


class ScopeFilter:
    """Finds when an entity was in the scopes that a query asks for."""

    def __init__(self, scope: ScopeQuery, ask: TemporalAsk) -> None:
        self._matches: Callable[[Collection[str]], bool] = compile_scope_query(scope)
        self._ask = ask
        is_system = ask.temporal.timeproperty in {"createdAt", "modifiedAt"}
        # The end of a scope has a deletedAt and no observedAt.
        self._properties = (ask.temporal.timeproperty,) if is_system else ("observedAt", "deletedAt")

    async def validities(self, index: HistoryIndex, entity: HistoryEntity) -> list[Validity]:
        """Return the scopes that match inside the interval; none: the entity does not match.

        Raises:
            TooComplexQuery: its scopes changed too often.
        """
        scopes: dict[str, Instance] = {}
        for name in self._properties:
            window = replace(
                self._ask.window(),
                timeproperty=name,
                start_us=None,
                attributes=frozenset({SCOPE}),
                most=_MOST_SCOPES + 1,
            )
            [found] = await index.read([entity], window)
            scopes.update((scope["instanceId"], scope) for scope in found.get(SCOPE, ()))
        validities = valid_scopes(scopes.values(), self._matches, self._ask.temporal)
        if len(scopes) > _MOST_SCOPES or len(validities) > _MOST_WINDOWS:
            detail = (
                f"The scope of {entity.entity_id} changed too often to be asked for. Narrow the interval."
            )
            raise TooComplexQuery(detail, pointer="scopeQ")
        return validities

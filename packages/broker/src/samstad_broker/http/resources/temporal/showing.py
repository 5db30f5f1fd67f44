"""How evolutions are shown: format, projection, partial content (clauses 6.3.7, 6.3.10 to 6.3.12, 4.3.6.8).

A page that is cut along time is 206, also where a Prefer header made it one of another version (203): without
206 the client would take the part for the whole. Preference-Applied tells of the version all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.parameters import Page, Parameters
from samstad_broker.http.responses import many, one, page_headers
from samstad_broker.service.temporal.aggregating import AggregatedEvolution
from samstad_broker.service.temporal.asking import TemporalAsk
from samstad_broker.service.temporal.query import FoundEvolutions
from samstad_broker.service.temporal.retrieve import Retrieved
from samstad_broker.spi.history import HistoryEntity
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument, Instance
from samstad_ngsild.entities.represent import Representation, Selection
from samstad_ngsild.errors import InvalidRequest
from samstad_ngsild.temporal import (
    represent_aggregated,
    represent_aggregated_numbers,
    represent_history,
    represent_values,
)

__all__ = ["TemporalFormat", "format_of", "show_evolution", "show_evolutions"]

_FORMATS = ("normalized", "temporalValues", "aggregatedValues")
_OPTIONS = frozenset({"sysAttrs", *_FORMATS})


class TemporalFormat:
    """How the client wants to see evolutions.

    Attributes:
        name: ``normalized``, ``temporalValues`` or ``aggregatedValues``.
        sys_attrs: with the system's times (clause 6.3.11).
    """

    __slots__ = ("name", "sys_attrs")

    def __init__(self, name: str, *, sys_attrs: bool) -> None:
        self.name = name
        self.sys_attrs = sys_attrs

    @property
    def is_aggregated(self) -> bool:
        """Whether values are aggregated."""
        return self.name == "aggregatedValues"


def format_of(parameters: Parameters) -> TemporalFormat:
    """Read ``format`` and ``options``; format counts where both are given (clause 6.3.12).

    Raises:
        InvalidRequest: the format is none of a temporal evolution, or two are asked for.
    """
    options = parameters.options(_OPTIONS)
    named = parameters.choice("format", _FORMATS)
    if named is None:
        found = [name for name in _FORMATS if name in options]
        if len(found) > 1:
            raise InvalidRequest(
                f"The options {' and '.join(found)} exclude each other; give one.", pointer="options"
            )
        named = found[0] if found else "normalized"
    return TemporalFormat(named, sys_attrs="sysAttrs" in options)


def show_evolution(exchange: Exchange, context: Context, shown: Retrieved, how: TemporalFormat) -> Response:
    """Answer with one evolution."""
    representation = _representation(shown.ask, context, how)
    if shown.aggregated is not None:
        content = _aggregates(shown.entity, shown.aggregated, shown.ask, context, representation)
        return one(exchange, context, content)
    if shown.page is None:
        message = "an evolution is shown by its page or by its aggregates"
        raise ValueError(message)
    document = _document(shown.entity, shown.page.evolutions[0], how)
    response = one(exchange, context, _instances(document, shown.ask, context, representation, how))
    return _partial(response, shown.page.content_range)


def show_evolutions(
    exchange: Exchange, context: Context, found: FoundEvolutions, *, page: Page, how: TemporalFormat
) -> Response:
    """Answer with a page of evolutions."""
    ask = found.ask
    representation = _representation(ask, context, how)
    headers = page_headers(exchange, page, more=found.more, total=found.total)
    if found.page is None:
        contents = [
            _aggregates(entity, aggregated, ask, context, representation)
            for entity, aggregated in zip(found.entities, found.aggregated, strict=True)
        ]
        return many(exchange, context, contents, headers=headers)
    contents = [
        _instances(_document(entity, attributes, how), ask, context, representation, how)
        for entity, attributes in zip(found.entities, found.page.evolutions, strict=True)
    ]
    return _partial(many(exchange, context, contents, headers=headers), found.page.content_range)


def _partial(response: Response, content_range: str | None) -> Response:
    if content_range is not None:
        response.status = 206
        response.headers.append(("Content-Range", content_range))
    return response


def _representation(ask: TemporalAsk, context: Context, how: TemporalFormat) -> Representation:
    query = ask.query
    pick: Selection | frozenset[str] | None = None
    if query.pick is not None:
        pick = query.pick.expanded(context)
    elif ask.shown is not None:
        pick = ask.shown | {"id", "type"}
    return Representation(
        sys_attrs=how.sys_attrs,
        lang=query.lang,
        pick=pick,
        omit=None if query.omit is None else query.omit.expanded(context),
    )


def _head(entity: HistoryEntity) -> EntityDocument:
    return {"id": entity.entity_id, "type": list(entity.types)}


def _document(
    entity: HistoryEntity, attributes: Mapping[str, list[Instance]], how: TemporalFormat
) -> EntityDocument:
    document = _head(entity)
    if how.sys_attrs:
        times = (entity.created_at, entity.modified_at, entity.deleted_at)
        for name, time in zip(("createdAt", "modifiedAt", "deletedAt"), times, strict=True):
            if time is not None:
                document[name] = time
    return {**document, **attributes}


def _instances(
    document: EntityDocument,
    ask: TemporalAsk,
    context: Context,
    representation: Representation,
    how: TemporalFormat,
) -> dict[str, Any]:
    if how.name == "temporalValues":
        return represent_values(document, context, representation, timeproperty=ask.temporal.timeproperty)
    return represent_history(document, context, representation)


def _aggregates(
    entity: HistoryEntity,
    found: AggregatedEvolution,
    ask: TemporalAsk,
    context: Context,
    representation: Representation,
) -> dict[str, Any]:
    shown = represent_aggregated_numbers(_head(entity), found.numbers, context, representation)
    if found.instances and ask.aggregation is not None:
        others = {**_head(entity), **found.instances}
        shown.update(
            represent_aggregated(
                others, context, ask.aggregation, ask.temporal, representation=representation
            )
        )
    return shown

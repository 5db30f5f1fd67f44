"""How evolutions are shown: format, projection, partial content (clauses 6.3.7, 6.3.10 to 6.3.12, 4.3.6.8).

A page that is cut along time is 206, also where a Prefer header made it one of another version (203): without
206 the client would take the part for the whole. Preference-Applied tells of the version all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.parameters import Page, Parameters
from samstad_broker.http.responses import many, one, page_headers
from samstad_broker.service.off_loop import off_loop
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
_SLICE_BYTES = 100_000
"""Are made in about 2 ms; then others get their turn (I5)."""
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


async def show_evolution(
    exchange: Exchange, context: Context, shown: Retrieved, how: TemporalFormat
) -> Response:
    """Answer with one evolution."""
    show = _Showing(context, shown.ask, how)
    if shown.aggregated is not None:
        return one(exchange, context, await show.aggregates(shown.entity, shown.aggregated))
    if shown.page is None:
        message = "an evolution is shown by its page or by its aggregates"
        raise ValueError(message)
    response = one(exchange, context, await show.instances(shown.entity, shown.page.evolutions[0]))
    return _partial(response, shown.page.content_range)


async def show_evolutions(
    exchange: Exchange, context: Context, found: FoundEvolutions, *, page: Page, how: TemporalFormat
) -> Response:
    """Answer with a page of evolutions."""
    show = _Showing(context, found.ask, how)
    headers = page_headers(exchange, page, more=found.more, total=found.total)
    contents: list[bytes] = []
    size = 0
    for number, entity in enumerate(found.entities):
        if found.page is None:
            contents.append(await show.aggregates(entity, found.aggregated[number]))
        else:
            contents.append(await show.instances(entity, found.page.evolutions[number]))
        size += len(contents[-1])
        if size > _SLICE_BYTES:
            size = 0
            await asyncio.sleep(0)
    response = many(exchange, context, contents, headers=headers)
    return response if found.page is None else _partial(response, found.page.content_range)


def _partial(response: Response, content_range: str | None) -> Response:
    if content_range is not None:
        response.status = 206
        response.headers.append(("Content-Range", content_range))
    return response


def _dumped(entity: Mapping[str, Any]) -> bytes:
    """Return JSON, made member by member: one long call would keep all other threads from working."""
    members = [orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in entity.items()]
    return b"{" + b",".join(members) + b"}"


class _Showing:
    """Makes the JSON of evolutions, long ones in a thread."""

    def __init__(self, context: Context, ask: TemporalAsk, how: TemporalFormat) -> None:
        self._context = context
        self._ask = ask
        self._how = how
        self._representation = _representation(ask, context, how)

    async def instances(self, entity: HistoryEntity, attributes: Mapping[str, list[Instance]]) -> bytes:
        """Return an evolution with its instances."""
        document = {**_head(entity), **self._times(entity), **attributes}

        def show() -> bytes:
            if self._how.name == "temporalValues":
                by = self._ask.temporal.timeproperty
                shown = represent_values(document, self._context, self._representation, timeproperty=by)
            else:
                shown = represent_history(document, self._context, self._representation)
            return _dumped(shown)

        return await off_loop(sum(map(len, attributes.values())), show)

    def _times(self, entity: HistoryEntity) -> dict[str, str]:
        if not self._how.sys_attrs:
            return {}
        times = (entity.created_at, entity.modified_at, entity.deleted_at)
        named = zip(("createdAt", "modifiedAt", "deletedAt"), times, strict=True)
        return {name: time for name, time in named if time is not None}

    async def aggregates(self, entity: HistoryEntity, found: AggregatedEvolution) -> bytes:
        """Return an evolution with aggregated values."""
        head, context, representation = _head(entity), self._context, self._representation
        aggregation, temporal = self._ask.aggregation, self._ask.temporal

        def show() -> bytes:
            shown = represent_aggregated_numbers(head, found.numbers, context, representation)
            if found.instances and aggregation is not None:
                others = {**head, **found.instances}
                shown |= represent_aggregated(
                    others, context, aggregation, temporal, representation=representation
                )
            return _dumped(shown)

        weight = sum(map(len, found.instances.values()))
        weight += sum(
            sum(map(len, series.values())) for groups in found.numbers.values() for _, series in groups
        )
        return await off_loop(weight, show)


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

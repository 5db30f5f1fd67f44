"""Query entities: GET /entities, POST /entityOperations/query (clauses 5.7.2, 6.4.3.2, 6.23.3.1).

- pages are in order of creation, stable under changes, unless ``orderBy`` asks otherwise (clause 4.23);
- an index narrows where one fits, the evaluator decides, in slices that let other requests through;
- entities that the caller may not read are as if they were not there (I6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.narrow import Candidates, narrow
from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_broker.domain.state.record import Record
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.expiry import valid_record
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import TooComplexQuery
from samstad_ngsild.query import CompiledQuery, Query, compile_query, link_depth, order_key

__all__ = [
    "Found",
    "linked_in",
    "list_matching",
    "list_records",
    "query_entities",
    "query_mapped",
    "still_matching",
]

_SLICE = 500
"""Entities looked at before other requests get their turn: about 2 ms (I5)."""


_MOST_TYPES = 50
"""Types that are asked about at once, each 0.1 ms where it is asked for the first time; beyond, by entity."""


class Found(NamedTuple):
    """One page of a query.

    Attributes:
        records: the entities of the page.
        more: whether another page follows.
        total: how many entities match in all, if it was asked for.
        next_offset: where the next page begins, where it is not behind the entities of this one.
    """

    records: list[Record]
    more: bool
    total: int | None
    next_offset: int | None = None


def linked_in(dataset: Dataset, call: Call) -> Callable[[str], EntityDocument | None]:
    """Return the look-up of linked entities that the caller may read (clause 4.5.23)."""

    def find(uri: str) -> EntityDocument | None:
        record = dataset.entities.get(uri)
        if record is not None:
            record = valid_record(dataset, record, call.now_us)
        if record is None or not call.may_all(Operation.READ, record.types):
            return None
        return record.parsed()

    return find


async def query_entities(  # noqa: PLR0913 - page and count belong together
    broker: Broker, call: Call, query: Query, *, limit: int, offset: int = 0, count: bool = False
) -> Found:
    """Return one page of the entities that a query matches.

    Raises:
        NonexistentTenant: the tenant is not known.
        TooComplexQuery: more entities would have to be looked at than the node gives to one request.
    """
    dataset = broker.data(call)
    compiled = _compiled(query, dataset, call)
    sees_all = _sees_all(dataset, call)
    nothing_expired = dataset.expiries.first_us > call.now_us
    if sees_all and nothing_expired and (plain := _plain_records(dataset, query, compiled)) is not None:
        page = plain.page(offset, limit) if limit else []
        return Found(page, offset + len(page) < len(plain), len(plain) if count else None)
    wanted = None if count or query.order is not None else offset + limit + 1
    matches = await _matches(broker, call, dataset, compiled, wanted)
    if query.order is not None:
        key = order_key(query.order, query.context)
        matches.sort(key=lambda record: key(record.parsed()))
    page = matches[offset : offset + limit]
    return Found(page, len(matches) > offset + len(page), len(matches) if count else None)


async def list_matching(broker: Broker, call: Call, query: Query) -> list[str]:
    """Return the ids of all entities that a query matches, in its order (clause 5.14.4).

    Raises:
        NonexistentTenant, TooComplexQuery: as ``query_entities``.
    """
    dataset = broker.data(call)
    matches = await _matches(broker, call, dataset, _compiled(query, dataset, call), None)
    if query.order is not None:
        key = order_key(query.order, query.context)
        matches.sort(key=lambda record: key(record.parsed()))
    return [record.id for record in matches]


async def list_records(broker: Broker, call: Call, query: Query) -> list[Record]:
    """Return all entities that a query matches, in order of creation, each as it was when it was looked at.

    Raises:
        NonexistentTenant, TooComplexQuery: as ``query_entities``.
    """
    dataset = broker.data(call)
    return await _matches(broker, call, dataset, _compiled(query, dataset, call), None)


def still_matching(broker: Broker, call: Call, query: Query) -> Callable[[str], Record | None]:
    """Return what finds an entity by its id if a query matches it at that moment."""
    dataset = broker.data(call)
    compiled, readable = _compiled(query, dataset, call), _readable(call)

    def find(entity_id: str) -> Record | None:
        record = _still(dataset, entity_id, call)
        if record is None or not readable(record.types) or not compiled.matches(record.parsed()):
            return None
        return record

    return find


async def query_mapped(  # noqa: PLR0913 - page and count belong together
    broker: Broker,
    call: Call,
    query: Query,
    ids: Sequence[str],
    *,
    limit: int,
    offset: int = 0,
    count: bool = False,
) -> Found:
    """Return one page of the entities of a map that a query still matches (clause 5.5.14).

    ``offset`` is a place in the map: an entity that went keeps its place, so that no page shifts.

    Raises:
        NonexistentTenant: the tenant is not known.
    """
    dataset = broker.data(call)
    compiled, readable = _compiled(query, dataset, call), _readable(call)
    found: list[Record] = []
    total, next_offset = 0, offset
    for place in range(0 if count else offset, len(ids)):
        if place % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        record = _still(dataset, ids[place], call)
        if record is None or not readable(record.types) or not compiled.matches(record.parsed()):
            continue
        total += 1
        if place < offset or len(found) > limit:
            continue
        found.append(record)
        if len(found) <= limit:
            next_offset = place + 1
        elif not count:
            break
    more = len(found) > limit
    return Found(found[:limit], more, total if count else None, next_offset)


def _still(dataset: Dataset, entity_id: str, call: Call) -> Record | None:
    record = dataset.entities.get(entity_id)
    return None if record is None else valid_record(dataset, record, call.now_us)


def _compiled(query: Query, dataset: Dataset, call: Call) -> CompiledQuery:
    """Return the query ready to run; one that follows no links is compiled once, however often asked."""
    if query.q is not None and link_depth(query.q):
        return compile_query(query, linked=linked_in(dataset, call))
    compiled: CompiledQuery | None = query.attached.get(CompiledQuery)
    if compiled is None:
        compiled = query.attached[CompiledQuery] = compile_query(query)
    return compiled


def _sees_all(dataset: Dataset, call: Call) -> bool:
    """Whether the caller may read every type that there is here, each by its own label and rules.

    The right to what is not about one type (None) says nothing about a type that is labelled or forbidden.
    """
    return len(dataset.types) <= _MOST_TYPES and call.may_all(Operation.READ, dataset.types)


def _readable(call: Call) -> Callable[[tuple[str, ...]], bool]:
    """Return whether the caller may read entities of some types; asked once for each set of types."""
    answers: dict[tuple[str, ...], bool] = {}

    def may_read(types: tuple[str, ...]) -> bool:
        answer = answers.get(types)
        if answer is None:
            answer = answers[types] = call.may_all(Operation.READ, types)
        return answer

    return may_read


def _plain_records(dataset: Dataset, query: Query, compiled: CompiledQuery) -> OrderedRecords | None:
    """Return the records of a query for one type and nothing else, which needs no evaluation."""
    if query.order or query.q or query.geo or query.scope or query.attrs or len(query.selectors) > 1:
        return None
    if not query.selectors:
        return dataset.records
    selector = query.selectors[0]
    if selector.ids or selector.id_pattern is not None or selector.types is None:
        return None
    if selector.types.is_everything:
        return dataset.records
    if compiled.types is None or len(compiled.types) != 1 or ";" in selector.types.to_text():
        return None
    bucket = dataset.types.get(next(iter(compiled.types)))
    return bucket.records if bucket is not None else OrderedRecords()


async def _matches(
    broker: Broker,
    call: Call,
    dataset: Dataset,
    compiled: CompiledQuery,
    wanted: int | None,
) -> list[Record]:
    found: list[Record] = []
    looked_at = 0
    candidates = narrow(dataset, compiled)
    readable, may_match = _readable(call), _all_of(candidates.may_match)
    # Where something has expired, what the indexes hold is not what is valid.
    is_certain = candidates.is_certain if dataset.expiries.first_us > call.now_us else None
    for records in _slices(dataset, candidates):
        if looked_at:
            await asyncio.sleep(0)
        looked_at += len(records)
        if looked_at > broker.limits.scan:
            raise TooComplexQuery(
                f"The query looks at more than {broker.limits.scan} entities. Narrow it by type, id or area."
            )
        for record in records:
            if may_match is not None and not may_match(record.sequence):
                continue
            if not readable(record.types):
                continue
            if is_certain is None or not is_certain(record):
                valid = valid_record(dataset, record, call.now_us)
                if valid is None or not compiled.matches(valid.parsed()):
                    continue
                record = valid  # noqa: PLW2901 - what is shown is what is valid
            found.append(record)
            if len(found) == wanted:
                return found
    return found


def _all_of(tests: tuple[Callable[[int], bool], ...]) -> Callable[[int], bool] | None:
    """Return one test for several, None for none: it is asked for every candidate."""
    if len(tests) < 2:
        return tests[0] if tests else None
    first, rest = tests[0], _all_of(tests[1:])
    return lambda sequence: first(sequence) and (rest is None or rest(sequence))


def _slices(dataset: Dataset, candidates: Candidates) -> Iterator[list[Record]]:
    """Yield the candidates in order of creation; what comes or goes between slices unsettles nothing."""
    sequences, records = candidates.sequences, candidates.records
    if sequences is not None:
        for start in range(0, len(sequences), _SLICE):
            chosen = (dataset.by_sequence.get(s) for s in sequences[start : start + _SLICE])
            yield [record for record in chosen if record is not None]
        return
    last = 0
    while batch := records.after(last, _SLICE):
        last = batch[-1].sequence
        yield batch

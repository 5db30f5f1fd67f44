"""Merge entity: PATCH /entities/{entityId} (clauses 5.6.17, 6.5.3.4, 5.5.12).

- goes to any depth, an NGSI-LD null deletes what it stands for;
- ``observedAt`` and ``lang`` parameters apply to what the fragment leaves open.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.merge import merge_entity as merged

__all__ = ["merge_entity"]


def merge_entity(  # noqa: PLR0913 - the clause's own inputs
    broker: Broker,
    call: Call,
    entity_id: str,
    fragment: EntityDocument,
    context: Context,
    *,
    observed_at: str | None = None,
    lang: str | None = None,
) -> Durable:
    """Merge a fragment into an existing entity.

    Raises:
        ResourceNotFound: there is none.
        BadRequestData: the fragment cannot be merged into what is there.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merged(
        target.before, fragment, now=iso(call.now_us), observed_at=observed_at, lang=lang, context=context
    )
    return apply_change(broker, call, target, change)

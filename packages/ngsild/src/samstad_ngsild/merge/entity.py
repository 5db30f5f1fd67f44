"""Updates of whole entities: merge and replace (clauses 5.6.17 and 5.6.18)."""

from __future__ import annotations

from functools import partial

from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import NULL, EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.instances import at
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.merge.change import Change, ChangeBuilder
from samstad_ngsild.merge.instance import MergeOptions, merge_instance, put_instance, replace_instance

__all__ = ["merge_entity", "replace_entity"]


def merge_entity(  # noqa: PLR0913  the last ones are keyword-only parameters of clause 6.5.3.4
    current: EntityDocument,
    fragment: EntityDocument,
    *,
    now: str,
    observed_at: str | None = None,
    lang: str | None = None,
    context: Context = CORE,
) -> Change:
    """Merge a fragment into an entity, to any depth (clauses 5.5.12 and 5.6.17.4).

    - Instances are matched by datasetId; a new one is added, an NGSI-LD Null deletes.
    - A fragment without a type keeps that of the attribute; bare values take its form.
    - Types are added; the scope becomes that of the fragment.

    Args:
        current: the entity.
        fragment: from ``expand_fragment(..., merge=True)``.
        now: the text of modifiedAt.
        observed_at: the common DateTime for attributes that had an observedAt.
        lang: the common language tag for LanguageProperties given as texts.
        context: the @context of the request, for VocabProperties given as bare texts and for pointers.

    Raises:
        BadRequestData: the fragment does not fit; the pointer is in the names of the request.
    """
    builder = ChangeBuilder(current, now)
    options = MergeOptions(now, observed_at, lang, context)
    combine = partial(merge_instance, options=options)
    builder.add_types(fragment.get("type", ()))
    for member in ("scope", "expiresAt"):
        if member in fragment:
            builder.set_member(member, None if fragment[member] == NULL else fragment[member])
    for name in attribute_names(fragment):
        present = builder.instances(name)
        try:
            for part in fragment[name]:
                put_instance(present, part, combine)
        except BadRequestData as error:
            raise at(error, context.compact(name)) from None
        builder.put(name, present)
    return builder.finish()


def replace_entity(current: EntityDocument, new: EntityDocument, *, now: str) -> Change:
    """Replace the content of an entity; its createdAt stays (clause 5.6.18.4).

    Attributes that the new content has too keep their createdAt, and where nothing differs their modifiedAt.
    """
    builder = ChangeBuilder(current, now)
    for member in ("type", "scope", "expiresAt"):
        builder.set_member(member, new.get(member))
    for name in attribute_names(new):
        present = builder.instances(name)
        instances: dict[str | None, Instance] = {}
        for instance in new[name]:
            dataset_id = instance.get("datasetId")
            twin = present.get(dataset_id)
            instances[dataset_id] = instance if twin is None else replace_instance(twin, instance)
        builder.put(name, instances)
    for name in attribute_names(current):
        if name not in new:
            builder.put(name, {})
    return builder.finish()

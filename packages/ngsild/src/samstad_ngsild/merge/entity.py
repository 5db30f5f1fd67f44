"""Updates of whole entities: merge and replace (clauses 5.6.17 and 5.6.18)."""

from __future__ import annotations

import operator
from functools import partial

from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import CORE_MEMBERS, NULL, EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.instances import at
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.merge.change import Change, ChangeBuilder
from samstad_ngsild.merge.instance import MergeOptions, merge_instance, put_instance, replace_whole

__all__ = ["merge_entity", "replace_entity"]

_MEMBERS = ("type", "scope", "expiresAt")
_KEPT = ("id", "type", "createdAt", "deletedAt")


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
    The new content is from ``expand_entity``: its instances can stand by themselves.
    """
    changed: dict[str, list[Instance]] = {}
    differs: list[str] = []
    for name, instances in new.items():
        if name in CORE_MEMBERS:
            continue
        old = current.get(name)
        if old is None:
            after = instances
        elif len(old) == len(instances) == 1 and old[0].get("datasetId") == instances[0].get("datasetId"):
            one = replace_whole(old[0], instances[0])
            after = old if one is old[0] else [one]
        else:
            after = _replaced(old, instances)
        changed[name] = after
        if after is not old:
            differs.append(name)
    for name in current:
        if name not in new and name not in CORE_MEMBERS:
            changed[name] = []
            differs.append(name)
    members = frozenset([name for name in _MEMBERS if current.get(name) != new.get(name)])
    return Change(
        document=_whole(current, new, changed, now) if differs or members else current,
        current=current,
        changed=changed,
        not_updated=[],
        differs=frozenset(differs),
        members=members,
    )


def _whole(
    current: EntityDocument, new: EntityDocument, changed: dict[str, list[Instance]], now: str
) -> EntityDocument:
    """Return the document after a replacement: core members first, attributes in the new order."""
    document = {name: current[name] for name in _KEPT if name in current}
    document["modifiedAt"] = now
    for name in _MEMBERS:
        if name in new:
            document[name] = new[name]
    for name, instances in changed.items():
        if instances:
            document[name] = instances  # noqa: PERF403 - a comprehension would make a second dict
    return document


def _replaced(old: list[Instance], new: list[Instance]) -> list[Instance]:
    """Return the instances of an attribute after it was replaced: ``old`` itself where nothing differs."""
    known = {instance.get("datasetId"): instance for instance in old}
    replaced = []
    for instance in new:
        twin = known.get(instance.get("datasetId"))
        replaced.append(instance if twin is None else replace_whole(twin, instance))
    is_same = len(old) == len(replaced) and all(map(operator.is_, old, replaced))
    return old if is_same else replaced

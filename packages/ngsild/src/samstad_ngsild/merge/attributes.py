"""Updates of attributes: append, update, replace, delete, reduce (clauses 5.6.2 to 5.6.5, 5.6.19, 5.6.21)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from samstad_ngsild.context import CORE, Context
from samstad_ngsild.context.core import CORE_TERMS
from samstad_ngsild.document import NULL, EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.values import is_deletion
from samstad_ngsild.errors import BadRequestData, ResourceNotFound
from samstad_ngsild.merge.change import Change, ChangeBuilder
from samstad_ngsild.merge.instance import MergeOptions, complete, partially_update, replace_instance

__all__ = [
    "append_attributes",
    "delete_attribute",
    "partial_update_attribute",
    "reduce_entity",
    "replace_attribute",
    "update_attributes",
]

_SCOPE_NAMES = frozenset({"scope", CORE_TERMS["scope"]})


def append_attributes(
    current: EntityDocument, fragment: EntityDocument, *, now: str, overwrite: bool = True
) -> Change:
    """Append the attributes of a fragment (clause 5.6.3.4).

    - An instance whose datasetId is new is added; one that exists is replaced and keeps its createdAt.
    - Without ``overwrite`` an existing instance stays as it is, and is told in ``not_updated``.
    - Types are added; scopes are replaced, or without ``overwrite`` added.

    Raises:
        BadRequestData: the fragment holds an NGSI-LD Null.
    """
    builder = ChangeBuilder(current, now)
    builder.add_types(fragment.get("type", ()))
    if "scope" in fragment:
        if overwrite:
            builder.set_member("scope", fragment["scope"])
        else:
            builder.add_scopes(fragment["scope"])
    if "expiresAt" in fragment and (overwrite or "expiresAt" not in current):
        builder.set_member("expiresAt", fragment["expiresAt"])
    for name in attribute_names(fragment):
        present = builder.instances(name)
        for instance in fragment[name]:
            _append(builder, name, present, instance, overwrite=overwrite)
        builder.put(name, present)
    return builder.finish()


def _append(
    builder: ChangeBuilder,
    name: str,
    present: dict[str | None, Instance],
    instance: Instance,
    *,
    overwrite: bool,
) -> None:
    if is_deletion(instance):
        raise BadRequestData(f"{name} cannot be deleted by appending (clause 5.5.4).", pointer=f"/{name}")
    dataset_id = instance.get("datasetId")
    twin = present.get(dataset_id)
    if twin is None:
        present[dataset_id] = complete(instance)
    elif overwrite:
        present[dataset_id] = replace_instance(twin, instance)
    else:
        which = "the default instance" if dataset_id is None else f"an instance with datasetId {dataset_id}"
        builder.leave(name, dataset_id, f"The attribute has {which} already, and overwriting is not allowed.")


def update_attributes(current: EntityDocument, fragment: EntityDocument, *, now: str) -> Change:
    """Update an entity by a fragment, attribute by attribute (clauses 5.5.8 and 5.6.2.4).

    - An instance is replaced as a whole and keeps its createdAt; one that is new is added.
    - An NGSI-LD Null deletes the instance; where there is none, nothing is to be done.
    - Types are added; a scope replaces the one there is, and is ignored where there is none.
    """
    builder = ChangeBuilder(current, now)
    builder.add_types(fragment.get("type", ()))
    if "scope" in fragment and "scope" in current:
        builder.set_member("scope", _or_none(fragment["scope"]))
    if "expiresAt" in fragment:
        builder.set_member("expiresAt", _or_none(fragment["expiresAt"]))
    for name in attribute_names(fragment):
        present = builder.instances(name)
        for instance in fragment[name]:
            _update(present, instance)
        builder.put(name, present)
    return builder.finish()


def _update(present: dict[str | None, Instance], instance: Instance) -> None:
    dataset_id = instance.get("datasetId")
    twin = present.get(dataset_id)
    if is_deletion(instance):
        present.pop(dataset_id, None)
    elif twin is None:
        present[dataset_id] = complete(instance)
    else:
        present[dataset_id] = replace_instance(twin, instance)


def partial_update_attribute(
    current: EntityDocument,
    name: str,
    fragment: list[Instance],
    *,
    now: str,
    context: Context = CORE,
) -> Change:
    """Update first-level members of instances of one attribute (clauses 5.5.8 and 5.6.4.4).

    Args:
        current: the entity.
        name: the expanded name of the attribute.
        fragment: from ``expand_attribute(..., partial=True)``.
        now: the text of modifiedAt.
        context: the @context of the request, for terms given as bare texts and for pointers.

    Raises:
        ResourceNotFound: the entity has no such attribute, or no such instance.
        BadRequestData: the type would change, or the attribute is the scope.
    """
    _refuse_scope(name)
    builder = ChangeBuilder(current, now)
    present = builder.instances(name)
    for part in fragment:
        dataset_id = part.get("datasetId")
        twin = _existing(present, name, dataset_id)
        if is_deletion(part):
            del present[dataset_id]
        else:
            present[dataset_id] = partially_update(twin, part, MergeOptions(now, context=context))
    builder.put(name, present)
    return builder.finish()


def replace_attribute(current: EntityDocument, name: str, instances: list[Instance], *, now: str) -> Change:
    """Replace instances of one attribute as a whole; createdAt stays (clause 5.6.19.4).

    Raises:
        ResourceNotFound: the entity has no such attribute, or no such instance.
        BadRequestData: the attribute is the scope.
    """
    _refuse_scope(name)
    builder = ChangeBuilder(current, now)
    present = builder.instances(name)
    for instance in instances:
        dataset_id = instance.get("datasetId")
        present[dataset_id] = replace_instance(_existing(present, name, dataset_id), instance)
    builder.put(name, present)
    return builder.finish()


def delete_attribute(
    current: EntityDocument,
    name: str,
    *,
    now: str,
    dataset_id: str | None = None,
    delete_all: bool = False,
) -> Change:
    """Delete the instance with a datasetId, the default instance, or all of them (clause 5.6.5.4).

    Args:
        current: the entity.
        name: the expanded name of the attribute, or ``scope``.
        now: the text of modifiedAt.
        dataset_id: the instance; None or ``@none`` for the default one.
        delete_all: every instance.

    Raises:
        ResourceNotFound: there is nothing to delete.
    """
    builder = ChangeBuilder(current, now)
    if name in _SCOPE_NAMES:
        if "scope" not in current:
            raise ResourceNotFound("The entity has no scope.")
        builder.set_member("scope", None)
        return builder.finish()
    present = builder.instances(name)
    if delete_all:
        if not present:
            raise _not_found(name, None)
        present.clear()
    else:
        wanted = None if dataset_id == "@none" else dataset_id
        _existing(present, name, wanted)
        del present[wanted]
    builder.put(name, present)
    return builder.finish()


def reduce_entity(
    current: EntityDocument,
    *,
    now: str,
    keep: Collection[str] | None = None,
    drop: Collection[str] = (),
) -> Change:
    """Delete attributes with all their instances: those to drop, or all but those to keep (clause 5.6.21.4).

    Args:
        current: the entity.
        now: the text of modifiedAt.
        keep: expanded names of the attributes that stay; None: all but those to drop. A scope stays.
        drop: expanded names of what goes, perhaps ``scope``; what is not there need not go.
    """
    builder = ChangeBuilder(current, now)
    for name in attribute_names(current):
        if name in drop or (keep is not None and name not in keep):
            builder.put(name, {})
    if not _SCOPE_NAMES.isdisjoint(drop):
        builder.set_member("scope", None)
    return builder.finish()


def _existing(present: dict[str | None, Instance], name: str, dataset_id: str | None) -> Instance:
    twin = present.get(dataset_id)
    if twin is None:
        raise _not_found(name, dataset_id if present else None)
    return twin


def _not_found(name: str, dataset_id: str | None) -> ResourceNotFound:
    which = "" if dataset_id is None else f" with datasetId {dataset_id}"
    return ResourceNotFound(f"The entity has no attribute {name}{which}.")


def _refuse_scope(name: str) -> None:
    if name in _SCOPE_NAMES:
        raise BadRequestData("The scope is no attribute; update the entity instead (clause 5.6.4.4).")


def _or_none(value: Any) -> Any:
    return None if value == NULL else value

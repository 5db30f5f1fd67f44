"""One instance over another: replaced, partially updated (clause 5.5.8), merged (clause 5.5.12)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import NULL, Instance
from samstad_ngsild.entities.instances import at
from samstad_ngsild.entities.values import KINDS, Nulls, infer_type, is_deletion
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.merge.equality import same_if_equal, same_instance

__all__ = [
    "MergeOptions",
    "complete",
    "merge_instance",
    "partially_update",
    "put_instance",
    "replace_instance",
    "replace_whole",
]

_KEPT = frozenset({"type", "datasetId", "createdAt", "modifiedAt"})
_NULLS = Nulls(values=True, inside=True)
# Values that are merged key by key; a geometry, a list and a target are replaced as a whole.
_MERGED = frozenset({"Property", "LanguageProperty", "JsonProperty"})


class MergeOptions(NamedTuple):
    """What a merge says of all its attributes at once (clauses 5.6.17.4 and 6.5.3.4).

    Attributes:
        now: the text of modifiedAt.
        observed_at: for attributes that had an observedAt and whose fragment brings none.
        lang: the language of a LanguageProperty's value that comes as a text.
        context: the @context of the request, for terms given as bare texts and for the pointers of errors.
    """

    now: str
    observed_at: str | None = None
    lang: str | None = None
    context: Context = CORE


def replace_instance(old: Instance, new: Instance) -> Instance:
    """Return the new instance with the createdAt of the old one; the old one itself where nothing differs."""
    return replace_whole(old, complete(new))


def replace_whole(old: Instance, new: Instance) -> Instance:
    """Return as ``replace_instance`` does for a new instance that can stand: typed, with values, no Nulls."""
    replaced = {**new, "createdAt": old["createdAt"], "modifiedAt": old["modifiedAt"]}
    if replaced == old and same_if_equal(replaced, old):
        return old
    known = [key for key in new if ":" in key and key in old]
    # Sub-attributes may be the same with other system times, or in another order.
    if known and same_instance(old, new):
        return old
    replaced["modifiedAt"] = new["modifiedAt"]
    for key in known:
        replaced[key] = _carry(old[key], new[key])
    return replaced


def _carry(old: list[Instance], new: list[Instance]) -> list[Instance]:
    known = {instance.get("datasetId"): instance for instance in old}
    carried = []
    for instance in new:
        twin = known.get(instance.get("datasetId"))
        carried.append(instance if twin is None else replace_whole(twin, instance))
    return carried


def complete(fragment: Instance, *, merged: bool = False) -> Instance:
    """Return an instance that can stand by itself: typed, with a value, and without NGSI-LD Nulls.

    Args:
        fragment: an instance of a fragment; it is returned itself where it can stand.
        merged: the fragment is one of a merge, which may have NGSI-LD Nulls inside its value.

    Raises:
        BadRequestData: it has no value.
    """
    if not merged and _stands(fragment):
        return fragment
    name = fragment.get("type") or infer_type(fragment)
    if name is None or KINDS[name].member not in fragment:
        raise BadRequestData("The attribute is new here, and the fragment has no value for it.", pointer="")
    completed: Instance = {"type": name}
    for key, value in fragment.items():
        if key == "type" or _is_null(value):
            continue
        if ":" in key:
            kept = [complete(instance, merged=merged) for instance in value if not is_deletion(instance)]
            if kept:
                completed[key] = kept
        else:
            completed[key] = _without_nulls(value) if merged else value
    return completed


def _stands(fragment: Instance) -> bool:
    name = fragment.get("type")
    if name is None or KINDS[name].member not in fragment:
        return False
    for key, value in fragment.items():  # noqa: SIM110 - a loop costs half of a generator here
        if ":" in key or (type(value) is str and value == NULL):
            return False
    return True


def partially_update(old: Instance, fragment: Instance, options: MergeOptions) -> Instance:
    """Return an instance with the first-level members of a fragment over its own (clause 5.6.4).

    Raises:
        BadRequestData: the fragment would change the type of the attribute.
    """
    name = fragment.get("type")
    if name is not None and name != old["type"]:
        raise BadRequestData(
            f"The attribute is a {old['type']} and cannot become a {name} by a partial update.",
            pointer="/type",
        )
    result = dict(old)
    for key, value in _adapted(old, fragment, options).items():
        if key in _KEPT:
            continue
        if ":" in key:
            _put_subs(result, key, value, options, replace_instance)
        elif _is_null(value):
            result.pop(key, None)
        else:
            result[key] = value
    return _changed(old, result, options.now)


def merge_instance(old: Instance, fragment: Instance, options: MergeOptions) -> Instance:
    """Return an instance merged with a fragment to any depth (clause 5.5.12).

    Another explicit type replaces the instance, because a value of one type is none of another.

    Raises:
        BadRequestData: the fragment does not fit the type that it has to keep.
    """
    name = fragment.get("type")
    if name is not None and name != old["type"]:
        return replace_instance(old, complete(fragment, merged=True))
    result = dict(old)
    fragment = _adapted(old, fragment, options)
    for key, value in fragment.items():
        if key in _KEPT:
            continue
        if ":" in key:
            _put_subs(result, key, value, options, partial(merge_instance, options=options))
        elif _is_null(value):
            result.pop(key, None)
        elif key == KINDS[old["type"]].member and old["type"] in _MERGED:
            result[key] = _merged(old.get(key), value)
        else:
            result[key] = value
    if options.observed_at is not None and "observedAt" in old and "observedAt" not in fragment:
        result["observedAt"] = options.observed_at
    return _changed(old, result, options.now)


def _changed(old: Instance, result: Instance, now: str) -> Instance:
    if same_instance(old, result):
        return old
    result["modifiedAt"] = now
    return result


def _put_subs(
    result: Instance,
    key: str,
    fragments: list[Instance],
    options: MergeOptions,
    combine: Callable[[Instance, Instance], Instance],
) -> None:
    """Put sub-attributes over those there are, instance by instance."""
    present = {instance.get("datasetId"): instance for instance in result.get(key, ())}
    try:
        for fragment in fragments:
            put_instance(present, fragment, combine)
    except BadRequestData as error:
        raise at(error, options.context.compact(key)) from None
    if present:
        default = present.pop(None, None)
        result[key] = [*([] if default is None else [default]), *present.values()]
    else:
        result.pop(key, None)


def put_instance(
    present: dict[str | None, Instance],
    fragment: Instance,
    combine: Callable[[Instance, Instance], Instance],
) -> None:
    """Put one instance of a merge's fragment over those that are present, by its datasetId.

    Raises:
        BadRequestData: it does not fit the instance there is, or is new and incomplete.
    """
    dataset_id = fragment.get("datasetId")
    twin = present.get(dataset_id)
    if is_deletion(fragment):
        present.pop(dataset_id, None)
    elif twin is None:
        present[dataset_id] = complete(fragment, merged=True)
    else:
        present[dataset_id] = combine(twin, fragment)


def _adapted(old: Instance, fragment: Instance, options: MergeOptions) -> Instance:
    """Return the fragment with its value in the form that the existing type wants.

    A fragment without a type keeps the type of the attribute (clause 5.6.17.4), so that a bare text may
    be the object of a Relationship, a term, or one language of a LanguageProperty.
    """
    kind = KINDS[old["type"]]
    brought = infer_type(fragment)
    if "type" in fragment or brought is None:
        return fragment
    given = KINDS[brought].member
    if given not in (kind.member, "value"):
        raise BadRequestData(
            f"The attribute is a {old['type']}, whose value is its {kind.member}.", pointer=f"/{given}"
        )
    adapted = {key: value for key, value in fragment.items() if key != given}
    value = fragment[given]
    if old["type"] == "LanguageProperty" and given == "value":
        value = _in_language(value, options.lang)
    if given == kind.member == "vocab":
        adapted["vocab"] = value  # expanded when it was read
        return adapted
    adapted[kind.member] = kind.read(value, options.context.expand_vocab, _NULLS)
    return adapted


def _in_language(value: Any, lang: str | None) -> Any:
    if lang is None:
        raise BadRequestData(
            "The attribute is a LanguageProperty: give a languageMap, or name the text's language in lang.",
            pointer="/value",
        )
    return {lang: value}


def _is_null(value: Any) -> bool:
    return type(value) is str and value == NULL


def _merged(old: Any, new: Any) -> Any:
    """Merge two JSON values (RFC 7396 with the NGSI-LD Null in place of null)."""
    if type(new) is not dict or type(old) is not dict:
        return _without_nulls(new)
    result = dict(old)
    for key, value in new.items():
        if _is_null(value):
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _without_nulls(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_nulls(item) for key, item in value.items() if not _is_null(item)}
    return value

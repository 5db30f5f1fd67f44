"""A write divided between sources and this broker (clauses 5.6.1 to 5.6.21, each under "Behaviour").

1. what exclusive registrations hold goes to them and to nobody else;
2. of what is left, each redirect registration gets what it is about; none of that stays here;
3. of what is left, each inclusive one that supports the operation gets a copy, and so does this broker.

Auxiliary sources take no writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from samstad_broker.spi.forwarder import Division, Match, Share, Write
from samstad_federation.domain.sources import covers

__all__ = ["divided", "renamed_attribute", "renamed_body"]

_HEAD = frozenset({"id", "@id", "type", "@type"})
_ENTITY = _HEAD | {"scope", "expiresAt", "createdAt", "modifiedAt", "deletedAt", "@context"}
_OF_INSTANCE = frozenset(
    {
        "type", "value", "object", "objectType", "objectList", "valueList", "valueType", "languageMap",
        "json", "vocab", "datasetId", "observedAt", "unitCode", "expiresAt", "createdAt", "modifiedAt",
        "deletedAt", "instanceId", "lang", "coordinates", "@context",
    }
)  # fmt: skip
"""Members that are no sub-attributes (clause 4.5)."""


def divided(write: Write, matches: Sequence[Match], expand: Callable[[str], str]) -> Division | None:
    """Return what goes where; None where no source concerns it.

    Args:
        write: what the client wants.
        matches: the sources that it concerns, whatever operations they support.
        expand: name → IRI, by the client's @context.
    """
    names = _names(write, expand)
    shares: list[Share] = []
    left, is_whole = dict(names), True
    for mode in ("exclusive", "redirect", "inclusive"):
        taken: set[str] = set()
        for match in (match for match in matches if match.source.mode == mode):
            about = _about(match, write)
            if about is None:
                continue
            meant = [name for name, iri in left.items() if not about or iri in about]
            if not meant and (names or (write.body is not None and (about or not is_whole))):
                continue  # others hold all that this one could be told
            if mode == "inclusive" and not _supports(match, write.operation):
                continue
            shares.append(_share(match, write, meant, whole=not about))
            if mode != "inclusive":
                taken.update(meant)
                is_whole = is_whole and bool(about)
        for name in taken:
            del left[name]
    if not shares:
        return None
    is_proxied = any(share.match.source.mode != "inclusive" for share in shares)
    return Division(shares, _rest(write, names, left, is_whole=is_whole), is_proxied)


def _names(write: Write, expand: Callable[[str], str]) -> dict[str, str]:
    if write.attribute is not None:
        return {write.attribute: write.attribute}
    return {name: expand(name) for name in write.body or () if name not in _ENTITY}


def _about(match: Match, write: Write) -> frozenset[str] | None:
    return covers(match.information, write.entity_id, write.types)


def _supports(match: Match, operation: str) -> bool:
    return bool(_ways(operation) & match.source.operations)


def _ways(operation: str) -> frozenset[str]:
    """Return the operations by which a source can take one: a batch also entity by entity (5.6.7.4)."""
    return frozenset({operation, *_SINGLE.get(operation, ())})


_SINGLE: Mapping[str, tuple[str, ...]] = {
    "createBatch": ("createEntity",),
    "deleteBatch": ("deleteEntity",),
    "mergeBatch": ("mergeEntity",),
    "updateBatch": ("appendAttrs",),
    "upsertBatch": (),
}


def _share(match: Match, write: Write, meant: Sequence[str], *, whole: bool) -> Share:
    supported = _supports(match, write.operation)
    if write.body is None or write.attribute is not None:
        return Share(match, write.body, (), supported)
    kept = _ENTITY if whole else _HEAD
    body = {name: value for name, value in write.body.items() if name in meant or name in kept}
    return Share(match, body, tuple(meant), supported)


def _rest(
    write: Write, names: Mapping[str, str], left: Mapping[str, str], *, is_whole: bool
) -> Mapping[str, Any] | None:
    """Return what is left for this broker: nothing where all that was said is held elsewhere."""
    if write.body is None or write.attribute is not None:
        body: Mapping[str, Any] = write.body or {}
        return body if len(left) == len(names) and is_whole else None
    if not is_whole or (names and not left):
        return None
    return {name: value for name, value in write.body.items() if name in left or name in _ENTITY}


def renamed_body(value: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """Return the body of an entity or fragment with its names of types and attributes in another @context."""
    renamed: dict[str, Any] = {}
    for name, inner in value.items():
        if name in ("type", "@type"):
            renamed[name] = [rename(one) for one in inner] if isinstance(inner, list) else rename(inner)
        elif name in _ENTITY:
            renamed[name] = inner
        else:
            renamed[rename(name)] = renamed_attribute(inner, rename)
    renamed.pop("@context", None)
    return renamed


def renamed_attribute(value: Any, rename: Callable[[str], str]) -> Any:
    """Return an attribute with the names of its sub-attributes in another @context."""
    if isinstance(value, list):
        return [renamed_attribute(one, rename) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for name, inner in value.items():
        if name == "vocab":
            renamed[name] = [rename(one) for one in inner] if isinstance(inner, list) else rename(inner)
        elif name in _OF_INSTANCE:
            renamed[name] = inner
        else:
            renamed[rename(name)] = renamed_attribute(inner, rename)
    return renamed

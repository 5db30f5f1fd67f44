"""Bodies as clients write them → entity documents (clauses 4.5.1, 5.2.4, 5.4, 5.5.4 and 5.5.7).

Normalized and concise representations are read alike, attribute by attribute; the simplified one has to be
announced, because a text may be a value or the object of a Relationship there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import NULL, EntityDocument, Instance
from samstad_ngsild.entities.bounds import MOST_ATTRIBUTES, MOST_TYPES, check_number
from samstad_ngsild.entities.evolution import read_evolution, read_scope_evolution, settle_scope
from samstad_ngsild.entities.instances import Reading, at, read_attribute, read_datetime, read_partial
from samstad_ngsild.entities.names import check_uri, type_iri
from samstad_ngsild.entities.scopes import read_scopes
from samstad_ngsild.entities.values import Nulls, is_deletion
from samstad_ngsild.errors import BadRequestData

__all__ = ["entity_expander", "expand_attribute", "expand_entity", "expand_fragment"]

_ROOT_MEMBERS = frozenset(
    {"id", "@id", "type", "@type", "scope", "expiresAt", "createdAt", "modifiedAt", "deletedAt", "@context"}
)
_NO_NULLS = Nulls()
_SYSTEM = ("createdAt", "modifiedAt", "deletedAt")
_GEO_ATTRIBUTES = frozenset(map(CORE.expand, ("location", "observationSpace", "operationSpace")))


def expand_entity(  # noqa: PLR0913  the last ones are keyword-only options
    body: Any,
    context: Context,
    *,
    now: str,
    keep_system: bool = False,
    simplified: bool = False,
    temporal: bool = False,
) -> EntityDocument:
    """Return the document of an entity.

    Args:
        body: decoded JSON, normalized or concise; its ``@context`` is not looked at.
        context: the @context of the request.
        now: the text of createdAt and modifiedAt; those of the producer are ignored (clause 5.2.2).
        keep_system: take system times and instanceIds as they are given, for imports and peers' answers.
        simplified: the body is in the simplified representation (clause 4.5.4).
        temporal: the body is a temporal evolution (clause 5.2.20): attributes have all their instances, and
            so has ``scope``, as a Property.

    Raises:
        BadRequestData: with a pointer to the member.
    """
    reading = Reading.of(context, now=now, nulls=_NO_NULLS, keep_system=keep_system, simplified=simplified)
    reading.temporal = temporal
    return _read_entity(reading, body)


def entity_expander(context: Context, *, now: str) -> Callable[[Any], EntityDocument]:
    """Return a function that expands entities one by one as ``expand_entity`` does, set up once for many."""
    reading = Reading.of(context, now=now, nulls=_NO_NULLS)

    def expand(body: Any) -> EntityDocument:
        reading.depth = reading.members = 0
        return _read_entity(reading, body)

    return expand


def _read_entity(reading: Reading, body: Any) -> EntityDocument:
    _check_object(body)
    document: EntityDocument = {
        "id": _id(body),
        "type": _types(reading, body),
    }
    if "scope" in body:
        _read_scope(reading, body, document)
    document["createdAt"] = document["modifiedAt"] = reading.now
    if reading.keep_system:
        document.update({key: body[key] for key in _SYSTEM if key in body})
    if "expiresAt" in body:
        document["expiresAt"] = _expires_at(reading, body["expiresAt"])
    _read_attributes(reading, body, document)
    return document


def expand_fragment(  # noqa: PLR0913  the last ones are keyword-only options
    body: Any,
    context: Context,
    *,
    now: str,
    allow_null: bool = False,
    merge: bool = False,
    simplified: bool = False,
    temporal: bool = False,
) -> EntityDocument:
    """Return a fragment of an entity: what a body says, id and type only where it has them.

    Args:
        body: decoded JSON; its ``@context`` is not looked at.
        context: the @context of the request.
        now: the text of createdAt and modifiedAt of its instances.
        allow_null: NGSI-LD Nulls may stand for attributes and members (update and merge). A deleted attribute
            is an instance whose value is the NGSI-LD Null: ``is_deletion`` tells.
        merge: as ``allow_null``, also within values, and attributes may lack type and value (clause 5.5.12).
        simplified: attributes are values alone (clause 6.5.3.4).
        temporal: as for an entity (clause 5.2.20).

    Raises:
        BadRequestData: with a pointer to the member.
    """
    _check_object(body)
    nulls = Nulls(values=allow_null or merge, inside=merge)
    reading = Reading.of(context, now=now, nulls=nulls, partial=merge, simplified=simplified)
    reading.temporal = temporal
    document: EntityDocument = {}
    if "id" in body or "@id" in body:
        document["id"] = _id(body)
    if "type" in body or "@type" in body:
        document["type"] = _types(reading, body)
    _read_scope(reading, body, document)
    if "expiresAt" in body:
        document["expiresAt"] = _expires_at(reading, body["expiresAt"])
    _read_attributes(reading, body, document)
    return document


def expand_attribute(  # noqa: PLR0913  the last ones are keyword-only options
    body: Any,
    context: Context,
    *,
    now: str,
    pointer: str = "",
    allow_null: bool = False,
    partial: bool = False,
) -> list[Instance]:
    """Return the instances of one attribute, the default one first.

    Args:
        body: decoded JSON: an instance, an array of them, or a bare value (clause 4.5.2.3).
        context: the @context of the request.
        now: the text of createdAt and modifiedAt.
        pointer: where the attribute stands in the caller's input, put before the pointers of errors.
        allow_null: NGSI-LD Nulls may stand for the value and for members.
        partial: the body is a fragment of a partial update (clause 5.6.4): type and value may lack, and
            NGSI-LD Nulls are allowed.

    Raises:
        BadRequestData: with a pointer to the member.
    """
    reading = Reading.of(context, now=now, nulls=Nulls(values=allow_null or partial), partial=partial)
    try:
        if type(body) is dict and "@context" in body:
            body = {key: value for key, value in body.items() if key != "@context"}
        return read_partial(reading, body) if partial else read_attribute(reading, body)
    except BadRequestData as error:
        error.pointer = pointer + (error.pointer or "")
        raise


def _check_object(body: Any) -> None:
    if type(body) is not dict:
        raise BadRequestData("An entity is a JSON object.", pointer="")


def _id(body: dict[str, Any]) -> str:
    identifier = check_uri(body.get("id", body.get("@id")), pointer="/id")
    if identifier == NULL:
        raise BadRequestData("The NGSI-LD Null is no id (clause 5.5.4).", pointer="/id")
    return identifier


def _types(reading: Reading, body: dict[str, Any]) -> list[str]:
    names = body.get("type", body.get("@type"))
    if type(names) is str:
        return [type_iri(names, reading.context, pointer="/type")]
    if type(names) is not list or not names:
        raise BadRequestData("An entity has a type, or a list of at least one.", pointer="/type")
    check_number(len(names), MOST_TYPES, "types", pointer="/type")
    iris = [type_iri(name, reading.context, pointer=f"/type/{index}") for index, name in enumerate(names)]
    return list(dict.fromkeys(iris))


def _read_scope(reading: Reading, body: dict[str, Any], document: EntityDocument) -> None:
    if "scope" in body:
        read = read_scope_evolution if reading.temporal else read_scopes
        document["scope"] = read(reading, body["scope"])


def _expires_at(reading: Reading, value: Any) -> str:
    try:
        return read_datetime(reading, value)
    except BadRequestData as error:
        raise at(error, "expiresAt") from None


def _read_attributes(reading: Reading, body: dict[str, Any], document: EntityDocument) -> None:
    check_number(len(body), MOST_ATTRIBUTES + len(_ROOT_MEMBERS), "members of an entity")
    names, read = reading.names, read_evolution if reading.temporal else read_attribute
    for name, value in body.items():
        if name in _ROOT_MEMBERS:
            continue
        try:
            iri = names[name]
            if iri in document:
                _refuse_twice(name, iri)
            document[iri] = read(reading, value)
            if iri in _GEO_ATTRIBUTES:
                _check_geo(name, document[iri])
        except BadRequestData as error:
            raise at(error, name) from None
    if reading.temporal:
        settle_scope(document, now=reading.now)


def _refuse_twice(name: str, iri: str) -> None:
    raise BadRequestData(f"{name} and another member name the same attribute {iri}.", pointer="")


def _check_geo(name: str, instances: list[Instance]) -> None:
    """Hold the three geospatial properties of the core to their type (clauses 4.7.1 and 5.2.4)."""
    for instance in instances:
        if instance.get("type", "GeoProperty") != "GeoProperty" and not is_deletion(instance):
            raise BadRequestData(f"{name} is a GeoProperty, not a {instance['type']}.", pointer="/type")

"""From a registration's body to its expanded content (clauses 5.2.8 to 5.2.11, 5.2.34, 4.3.6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from samstad_broker.domain.registrations.operations import AUXILIARY, GROUPS, OPERATIONS
from samstad_broker.domain.subscriptions.members import boolean, key_value_pairs, positive_us, text, texts
from samstad_ngsild.context import Context
from samstad_ngsild.document import NGSI_LD
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.entities.geometry import check_geometry
from samstad_ngsild.entities.names import attribute_iri, check_uri, is_scope, type_iri
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.regular import compile_pattern
from samstad_ngsild.temporal.duration import parse_duration

__all__ = ["MODES", "READ_ONLY", "parse_registration"]

MODES = ("inclusive", "exclusive", "redirect", "auxiliary")
READ_ONLY = frozenset(
    {"status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt", "modifiedAt"}
)
"""Members that the node writes; given by a client they are ignored (Table 5.2.9-2)."""

_TYPE = "ContextSourceRegistration"
_MOST = 1_000
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")


def parse_registration(body: Any, context: Context, *, now_us: int, registration_id: str) -> dict[str, Any]:
    """Return a registration with the names of types and attributes as IRIs.

    Members that the clause does not know are Context Source Properties; their names become IRIs too.

    Raises:
        BadRequestData: a restriction of clause 5.2.9 is not met; ``pointer`` names the member.
    """
    if not isinstance(body, dict):
        raise BadRequestData("A registration is a JSON object.", pointer="")
    given = {"id": registration_id, **{k: v for k, v in body.items() if k not in READ_ONLY}}
    if given.get("type") not in (_TYPE, NGSI_LD + _TYPE):
        raise BadRequestData(f"The type of a registration is {_TYPE}.", pointer="/type")
    for name in ("endpoint", "information"):
        if name not in given:
            raise BadRequestData(f"A registration needs {name}.", pointer=f"/{name}")
    content: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            raise BadRequestData(f"{name} is null; leave it out instead.", pointer=f"/{name}")
        check = _MEMBERS.get(name)
        if check is not None:
            content[name] = check(value, f"/{name}")
        elif name == "information":
            content[name] = _information(value, context)
        else:
            content[attribute_iri(name, context, pointer=f"/{name}")] = value
    _check_expiry(content, now_us)
    _check_mode(content)
    return content


def _information(value: Any, context: Context) -> list[dict[str, Any]]:
    items = _array(value, "/information")
    return [_info(item, f"/information/{place}", context) for place, item in enumerate(items)]


def _info(value: Any, pointer: str, context: Context) -> dict[str, Any]:
    _object(value, pointer, {"entities", "propertyNames", "relationshipNames"})
    if not value:
        raise BadRequestData("An element of information names entities or attributes.", pointer=pointer)
    info: dict[str, Any] = {}
    if "entities" in value:
        entities = _array(value["entities"], f"{pointer}/entities")
        info["entities"] = [
            _entity(item, f"{pointer}/entities/{place}", context) for place, item in enumerate(entities)
        ]
    for name in ("propertyNames", "relationshipNames"):
        if name in value:
            names = texts(value[name], f"{pointer}/{name}")
            info[name] = [
                attribute_iri(item, context, pointer=f"{pointer}/{name}/{place}")
                for place, item in enumerate(names)
            ]
    return info


def _entity(value: Any, pointer: str, context: Context) -> dict[str, Any]:
    _object(value, pointer, {"id", "idPattern", "type"})
    entity: dict[str, Any] = {}
    if "id" in value:
        entity["id"] = check_uri(value["id"], pointer=f"{pointer}/id")
    if "idPattern" in value:
        where = f"{pointer}/idPattern"
        compile_pattern(text(value["idPattern"], where), pointer=where)
        entity["idPattern"] = value["idPattern"]
    kinds = value.get("type")
    listed = kinds if isinstance(kinds, list) and kinds else [kinds]
    entity["type"] = [type_iri(kind, context, pointer=f"{pointer}/type") for kind in listed]
    return entity


def _array(value: Any, pointer: str) -> list[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        raise BadRequestData(f"{pointer} must be an array of 1 to {_MOST} elements.", pointer=pointer)
    return value


def _object(value: Any, pointer: str, members: set[str]) -> None:
    if not isinstance(value, dict):
        raise BadRequestData(f"{pointer} must be an object.", pointer=pointer)
    unknown = sorted(value.keys() - members)
    if unknown:
        raise BadRequestData(f"{pointer} has no member {unknown[0]!r}.", pointer=f"{pointer}/{unknown[0]}")


def _endpoint(value: Any, pointer: str) -> str:
    address = text(value, pointer)
    try:
        split = urlsplit(address)
    except ValueError:
        split = urlsplit("")
    if split.scheme not in ("http", "https") or not split.hostname or split.username is not None:
        raise BadRequestData(
            f"The endpoint {address[:100]!r} is no http or https URL without credentials.", pointer=pointer
        )
    return address


def _id(value: Any, pointer: str) -> str:
    return check_uri(value, pointer=pointer)


def _type(value: Any, pointer: str) -> str:
    del value, pointer
    return _TYPE


def _mode(value: Any, pointer: str) -> str:
    if value not in MODES:
        raise BadRequestData(f"mode is one of {', '.join(MODES)}.", pointer=pointer)
    return str(value)


def _operations(value: Any, pointer: str) -> list[str]:
    for place, name in enumerate(texts(value, pointer)):
        if name not in OPERATIONS and name not in GROUPS:
            raise BadRequestData(
                f"{name!r:.80} names no operation and no group of clause 4.20.", pointer=f"{pointer}/{place}"
            )
    return list(value)


def _moment(value: Any, pointer: str) -> str:
    parse_datetime(value, pointer=pointer)
    return str(value)


def _interval(value: Any, pointer: str) -> dict[str, Any]:
    _object(value, pointer, {"startAt", "endAt"})
    start = parse_datetime(value.get("startAt"), pointer=f"{pointer}/startAt")
    if "endAt" in value and parse_datetime(value["endAt"], pointer=f"{pointer}/endAt") < start:
        raise BadRequestData("The interval ends before it starts.", pointer=f"{pointer}/endAt")
    return dict(value)


def _geometry(value: Any, pointer: str) -> dict[str, Any]:
    try:
        return check_geometry(value)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer + (error.pointer or "")) from None


def _scope(value: Any, pointer: str) -> Any:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(is_scope(item) for item in listed):
        raise BadRequestData("scope is a Scope such as /City/Centre, or an array of them.", pointer=pointer)
    return value


def _dataset_ids(value: Any, pointer: str) -> list[str]:
    for place, name in enumerate(texts(value, pointer)):
        if name != "@none":
            check_uri(name, pointer=f"{pointer}/{place}", what="datasetId")
    return list(value)


def _duration(value: Any, pointer: str) -> str:
    parse_duration(value, pointer=pointer)
    return str(value)


def _management(value: Any, pointer: str) -> dict[str, Any]:
    _object(value, pointer, {"cacheDuration", "cooldown", "localOnly", "timeout"})
    if "cacheDuration" in value:
        _duration(value["cacheDuration"], f"{pointer}/cacheDuration")
    if "localOnly" in value:
        boolean(value["localOnly"], f"{pointer}/localOnly")
    for name in ("cooldown", "timeout"):
        if name in value:
            positive_us(value[name], f"{pointer}/{name}", unit_us=1_000)
    return dict(value)


def _source_info(value: Any, pointer: str) -> list[Any]:
    """Check the keys that have a meaning of their own (clause 4.3.6.6)."""
    for place, (key, item) in enumerate(key_value_pairs(value, pointer)):
        where = f"{pointer}/{place}/value"
        if key in ("accept", "contentType") and item not in ("application/json", "application/ld+json"):
            raise BadRequestData(f"{key} is application/json or application/ld+json.", pointer=where)
        if key == "jsonldContext":
            check_uri(item, pointer=where, what="jsonldContext")
        if key == "ngsildConformance" and not _VERSION.fullmatch(item):
            raise BadRequestData("ngsildConformance is a version such as 1.5.", pointer=where)
    return list(value)


_MEMBERS: Mapping[str, Callable[[Any, str], Any]] = {
    "id": _id,
    "type": _type,
    "endpoint": _endpoint,
    "contextSourceInfo": _source_info,
    "contextSourceAlias": text,
    "description": text,
    "datasetId": _dataset_ids,
    "expiresAt": _moment,
    "location": _geometry,
    "management": _management,
    "managementInterval": _interval,
    "mode": _mode,
    "observationInterval": _interval,
    "observationSpace": _geometry,
    "operations": _operations,
    "operationSpace": _geometry,
    "refreshRate": _duration,
    "registrationName": text,
    "scope": _scope,
    "tenant": text,
}


def _check_expiry(content: Mapping[str, Any], now_us: int) -> None:
    if "expiresAt" in content and parse_datetime(content["expiresAt"]) <= now_us:
        raise BadRequestData("expiresAt has passed; give a time to come.", pointer="/expiresAt")


def _check_mode(content: Mapping[str, Any]) -> None:
    mode = content.get("mode", "inclusive")
    if mode == "auxiliary" and not AUXILIARY.issuperset(content.get("operations", ("federationOps",))):
        raise BadRequestData(
            "An auxiliary registration has operations out of retrieveOps, retrieveEntity and queryEntity.",
            pointer="/operations",
        )
    if mode != "exclusive":
        return
    for place, info in enumerate(content["information"]):
        named = "propertyNames" in info or "relationshipNames" in info
        if not named or not all("id" in entity for entity in info.get("entities", [{}])):
            raise BadRequestData(
                "An exclusive registration names entities by id, and attributes (clause 4.3.6.3).",
                pointer=f"/information/{place}",
            )

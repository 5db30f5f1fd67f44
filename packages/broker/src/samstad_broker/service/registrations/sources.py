"""From a registration as it is kept to a source as requests are matched to it, and telling the forwarder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from samstad_broker.domain.registrations.matching import attributes_of
from samstad_broker.domain.registrations.operations import DEFAULT_OPERATIONS, operations_of
from samstad_broker.service.registrations.registrations import COLLECTION, Registrations
from samstad_broker.spi.forwarder import EntityInfo, Forwarder, Information, Source
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.query.regular import compile_pattern
from samstad_ngsild.temporal.duration import parse_duration

__all__ = ["announce_sources", "source_of"]

_MONTH_US = 30 * 86_400 * 1_000_000


def source_of(body: Mapping[str, Any]) -> Source:
    """Return the source of a registration whose content was checked when it came."""
    management = body.get("management", {})
    expires_at = body.get("expiresAt")
    return Source(
        id=body["id"],
        mode=body.get("mode", "inclusive"),
        endpoint=_base(body["endpoint"]),
        tenant=body.get("tenant", ""),
        alias=body.get("contextSourceAlias", ""),
        operations=operations_of(body.get("operations", DEFAULT_OPERATIONS)),
        information=tuple(map(_information, body["information"])),
        is_historic="observationInterval" in body or "managementInterval" in body,
        local_only=management.get("localOnly", False),
        timeout_us=_microseconds(management.get("timeout")),
        cooldown_us=_microseconds(management.get("cooldown")),
        cache_us=_duration_us(management.get("cacheDuration")),
        told=tuple((pair["key"], pair["value"]) for pair in body.get("contextSourceInfo", ())),
        expires_us=None if expires_at is None else parse_datetime(expires_at),
        body=body,
    )


def _base(endpoint: str) -> str:
    return endpoint.rstrip("/").removesuffix("/ngsi-ld/v1")


def _information(info: Mapping[str, Any]) -> Information:
    return Information(tuple(map(_entity, info.get("entities", ()))), attributes_of(info))


def _entity(entity: Mapping[str, Any]) -> EntityInfo:
    own, pattern = entity.get("id"), entity.get("idPattern")
    return EntityInfo(
        own,
        compile_pattern(pattern) if own is None and pattern is not None else None,
        frozenset(entity["type"]),
    )


def _microseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1_000)


def _duration_us(text: str | None) -> int | None:
    if text is None:
        return None
    duration = parse_duration(text)
    return duration.months * _MONTH_US + duration.time_us


def announce_sources(registrations: Registrations, forwarder: Forwarder, *, tenants: Iterable[str]) -> None:
    """Tell the forwarder of every registration there is, and of each change from now on."""
    for tenant in tenants:
        for _, stored in registrations.documents.list(tenant, COLLECTION):
            forwarder.keep(tenant, source_of(stored["body"]))
    told_before = registrations.changed

    def changed(tenant: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        if after is not None:
            forwarder.keep(tenant, source_of(after["body"]))
        elif before is not None:
            forwarder.drop(tenant, before["body"]["id"])
        told_before(tenant, before, after)

    registrations.changed = changed

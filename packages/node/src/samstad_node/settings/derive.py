"""From the settings, with their units for people, to what each part takes, with its units for machines.

A package knows neither the settings file nor the other packages' sections; this is the one place where
the two meet. A value that a part would refuse is refused here, by its key.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from samstad_broker.gateway.egress import EgressRules
from samstad_broker.http.cors import CorsPolicy
from samstad_broker.http.kernel import KernelSettings
from samstad_broker.http.limits import HttpLimits, Rate
from samstad_broker.service.broker import BrokerLimits
from samstad_broker.service.delivery.settings import DeliverySettings
from samstad_broker.service.history_keeping import RetentionRule
from samstad_broker.service.snapshots import SnapshotSettings
from samstad_broker.service.writer import WriterLimits
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_models.catalogue import load_catalogue
from samstad_ngsild.context import CORE
from samstad_ngsild.context.loader import ContextLimits
from samstad_node.server.settings import ServerSettings
from samstad_node.settings.problems import SettingProblem, SettingsRefused
from samstad_node.settings.table import Settings
from samstad_plugin import Plugin

__all__ = [
    "ModelMode",
    "broker_limits",
    "context_limits",
    "delivery_settings",
    "egress_rules",
    "kernel_settings",
    "model_modes",
    "public_url",
    "retention_rules",
    "server_settings",
    "service_settings",
    "snapshot_settings",
    "sqlite_settings",
    "writer_limits",
]

_MOST_DAYS = 36_525

KIB = 1024
MIB = 1024 * 1024
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def server_settings(settings: Settings) -> ServerSettings:
    """Say where to listen, and what a connection may do."""
    http, limits = settings.http, settings.limits
    return ServerSettings(
        host=http.host,
        port=http.port,
        server=http.server,
        connections=limits.connections,
        body_bytes=limits.body_kib * KIB,
        head_s=http.header_timeout_s,
        body_s=http.body_timeout_s,
        idle_s=http.idle_timeout_s,
    )


def public_url(settings: Settings) -> str:
    """Say under which URL others reach this node; links to what it hosts begin with it."""
    http = settings.http
    return http.public_url.rstrip("/") or f"http://{http.host}:{http.port}"


def kernel_settings(settings: Settings) -> KernelSettings:
    """Say what a request and a caller may ask, and which pages of others may."""
    limits = settings.limits
    rate = Rate(per_second=limits.requests_per_s, burst=limits.requests_burst)
    return KernelSettings(
        limits=HttpLimits(
            body_bytes=limits.body_kib * KIB,
            at_work=limits.requests_at_work,
            rate=rate if limits.requests_per_s else None,
        ),
        cors=CorsPolicy(origins=frozenset(settings.http.cors_origins)),
    )


def broker_limits(settings: Settings) -> BrokerLimits:
    """Say how much one operation may touch."""
    limits = settings.limits
    return BrokerLimits(
        batch=limits.batch_entities,
        page=limits.page,
        default_page=min(BrokerLimits().default_page, limits.page),
        scan=limits.scan_entities,
        page_instances=settings.history.page_instances,
    )


def snapshot_settings(settings: Settings) -> SnapshotSettings:
    """Say how many snapshots a tenant may have, how large, and for how long."""
    limits = settings.limits
    most_lifetime_us = round(limits.snapshot_days * DAY_US)
    return SnapshotSettings(
        most=limits.snapshots,
        entities=limits.snapshot_entities,
        copies=limits.snapshot_copies,
        lifetime_us=min(SnapshotSettings().lifetime_us, most_lifetime_us),
        most_lifetime_us=most_lifetime_us,
    )


def writer_limits(settings: Settings) -> WriterLimits:
    """Say how long writes wait for each other, and how many may wait for the disk."""
    store = settings.store
    return WriterLimits(group_us=round(store.group_ms * 1000), staged_bytes=store.waiting_mib * MIB)


def sqlite_settings(settings: Settings) -> SqliteSettings:
    """Say how the log is cut into files, and how much disk is left free."""
    store = settings.store
    return SqliteSettings(
        node=settings.node.name,
        stretch_bytes=store.stretch_mib * MIB,
        stretch_age_us=round(store.stretch_hours * HOUR_US),
        reserve_bytes=settings.node.disk_reserve_mib * MIB,
        tail_bytes=store.tail_mib * MIB,
        keeps_deleted=settings.history.keep_deleted,
        history_process=True,
    )


def delivery_settings(settings: Settings) -> DeliverySettings:
    """Say how patient delivery is."""
    told = settings.notifications
    timeout_us = round(told.timeout_s * SECOND_US)
    return DeliverySettings(
        endpoint_requests=told.requests_per_endpoint,
        timeout_us=timeout_us,
        most_timeout_us=max(timeout_us, DeliverySettings().most_timeout_us),
        attempts=told.attempts,
        most_age_us=round(told.retry_max_age_days * DAY_US),
    )


def egress_rules(settings: Settings) -> EgressRules:
    """Say where notifications may go; raises SettingsRefused for what is no network."""
    networks = settings.notifications.allow_networks
    try:
        return EgressRules.parse(networks)
    except ValueError as error:
        detail = f"{error}; write networks as 10.20.0.0/16 or fd00:1::/64"
        raise SettingsRefused([SettingProblem("notifications.allow_networks", "settings", detail)]) from error


class ModelMode(Enum):
    """What a tenant wants done about entities that break their models."""

    OFF = "off"
    WARN = "warn"
    REFUSE = "refuse"


def model_modes(settings: Settings) -> dict[str, ModelMode]:
    """Say what each tenant wants, ``*`` standing for the others.

    Raises:
        SettingsRefused: a tenant is named twice, or is none of this node's.
    """
    told = settings.models
    modes: dict[str, ModelMode] = {}
    for mode, names in ((ModelMode.WARN, told.warn), (ModelMode.REFUSE, told.refuse)):
        for name in names:
            tenant = "" if name == "default" else name
            if tenant not in {"", "*", *settings.node.tenants}:
                raise _refused(f"models.{mode.value}", f"{name} is no tenant of this node (node.tenants)")
            if modes.get(tenant, mode) is not mode:
                raise _refused("models.refuse", f"{name} stands in models.warn as well; choose one")
            modes[tenant] = mode
    return modes


def _refused(key: str, detail: str) -> SettingsRefused:
    return SettingsRefused([SettingProblem(key, "settings", detail)])


def service_settings(settings: Settings, plugin: Plugin) -> msgspec.Struct:
    """Return the section of a service."""
    found: msgspec.Struct = getattr(settings, plugin.name)
    return found


def retention_rules(settings: Settings) -> list[RetentionRule]:
    """Say how long history is kept; raises SettingsRefused for what is no rule."""
    return [_retention_rule(text, settings) for text in settings.history.retention]


def _retention_rule(text: str, settings: Settings) -> RetentionRule:
    words = text.split()
    if len(words) != 4 or not words[2].isdecimal() or not 1 <= int(words[2]) <= _MOST_DAYS:
        raise _refused(
            "history.retention",
            f"{text!r} is no rule; write TENANT TYPE DAYS DECISION as in `default Streetlight 730 KS-17`",
        )
    tenant, kind, days, decision = words
    if tenant not in {"*", "default", *settings.node.tenants}:
        raise _refused("history.retention", f"{tenant} is no tenant of this node (node.tenants)")
    return RetentionRule(
        tenant={"*": None, "default": ""}.get(tenant, tenant),
        types=() if kind == "*" else (_type_iri(kind),),
        days=int(days),
        decision=decision,
    )


def _type_iri(name: str) -> str:
    """Return the IRI of a type; short names are those of the city's models, others are NGSI-LD's default."""
    if ":" in name:
        return name
    known = load_catalogue().types.get(name)
    return CORE.expand(name) if known is None else known.iri


def context_limits(settings: Settings) -> ContextLimits:
    """Say how much a @context of others may cost."""
    contexts = settings.contexts
    return ContextLimits(
        depth=contexts.depth,
        document_bytes=contexts.size_kib * KIB,
        negative_ttl_us=round(contexts.negative_cache_s * SECOND_US),
    )

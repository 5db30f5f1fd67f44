"""The parts of the broker, joined: what is made from what, in the order in which it can be."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from samstad_access import Access
from samstad_access.service.key_refresh import KeyRefresh
from samstad_broker.domain.subscriptions import TenantIndexes
from samstad_broker.gateway.http_notifier import HttpNotifier
from samstad_broker.gateway.mqtt_notifier import MqttNotifier
from samstad_broker.service.broker import Broker
from samstad_broker.service.checkpointing import Checkpointer, recover
from samstad_broker.service.contexts.hosting import Hosting
from samstad_broker.service.contexts.restore import restore_contexts
from samstad_broker.service.delivery import Delivery
from samstad_broker.service.documents import LogDocuments
from samstad_broker.service.expiry_task import ExpiryTask
from samstad_broker.service.history import History
from samstad_broker.service.history_keeping import RetentionTask
from samstad_broker.service.registrations import Registrations
from samstad_broker.service.snapshots import SnapshotNotices, SnapshotNoticeSettings, Snapshots, SnapshotTask
from samstad_broker.service.source_notices import COLLECTION as SOURCES
from samstad_broker.service.source_notices import SourceNotices, SourceNoticeSettings
from samstad_broker.service.subscriptions import Subscriptions, restore_subscriptions
from samstad_broker.service.writer import Writer
from samstad_broker.spi.authorizer import Authorizer
from samstad_broker.spi.notifier import Notifier
from samstad_broker.spi.standing import EverybodyStands, Standing
from samstad_broker.store.sqlite import SqliteStore
from samstad_federation.service.federation import Federation
from samstad_models.contexts import list_contexts
from samstad_ngsild.context import ContextResolver
from samstad_ngsild.context.loader import Loader
from samstad_node.broker_role.authorizer import AccessAuthorizer, OpenAuthorizer
from samstad_node.broker_role.current import StateEntities
from samstad_node.broker_role.federating import build_federation
from samstad_node.broker_role.fetching import HttpContextLoader, NoContextLoader
from samstad_node.broker_role.gatekeeping import build_access, build_key_refresh
from samstad_node.broker_role.model_checks import ModelChecks
from samstad_node.broker_role.preloading import preload_contexts
from samstad_node.broker_role.services import build_services
from samstad_node.gate import Services
from samstad_node.neighbours import Neighbours
from samstad_node.settings import derive
from samstad_node.settings.table import Settings
from samstad_node.supervisor.role import RoleContext

__all__ = ["Parts", "build_parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that the role runs and puts away."""

    store: SqliteStore
    broker: Broker
    checkpointer: Checkpointer
    documents: LogDocuments
    contexts: ContextResolver
    hosting: Hosting
    registrations: Registrations
    federation: Federation
    subscriptions: Subscriptions
    sources: Subscriptions
    source_notices: SourceNotices
    snapshots: Snapshots
    snapshot_task: SnapshotTask
    snapshot_notices: SnapshotNotices
    delivery: Delivery
    history: History
    expiry: ExpiryTask
    retention: RetentionTask
    models: ModelChecks
    notifiers: tuple[HttpNotifier, MqttNotifier]
    access: Access | None
    keys: KeyRefresh | None
    authorizer: Authorizer
    services: Services


async def build_parts(context: RoleContext, store: SqliteStore) -> Parts:
    """Recover the state from an opened store and join the parts around it."""
    settings = context.settings
    recovered = await recover(store)
    writer = Writer(store.log, context.clock, derive.writer_limits(settings))
    broker = Broker(
        state=recovered.state,
        writer=writer,
        clock=context.clock,
        limits=derive.broker_limits(settings),
        alias=settings.node.name,
        may_begin_tenants=False,
    )
    for tenant in settings.node.tenants:
        recovered.state.begin_tenant(tenant)
    checkpointer = Checkpointer(store, recovered, writer)
    broker.history = History(store.history, store.log, writer, context.clock)
    access = None if settings.access.open else build_access(context, broker)
    standing: Standing = EverybodyStands() if access is None else access
    contexts = _contexts(settings)
    neighbours = Neighbours(context.data)
    notifiers = _notifiers(settings, neighbours)
    delivery = _delivery(context, store, broker, notifiers, standing)
    documents = LogDocuments(broker)
    entities = StateEntities(recovered.state, context.clock.now_us)
    indexes = TenantIndexes()
    subscriptions = Subscriptions(
        documents=documents,
        indexes=indexes,
        delivery=delivery,
        contexts=contexts,
        find=entities.get,
        standing=standing,
    )
    hosting = Hosting(
        broker=broker,
        documents=documents,
        resolver=contexts,
        base_url=derive.public_url(settings) + "/ngsi-ld/v1/jsonldContexts",
        most_hosted=settings.contexts.hosted,
        most_bytes=settings.contexts.hosted_mib * derive.MIB,
    )
    restore_contexts(hosting)
    restore_subscriptions(subscriptions, recovered.state.tenants(), known=contexts.known)
    registrations = Registrations(broker=broker, documents=documents)
    source_notices = _source_notices(context, registrations, notifiers, standing)
    sources = replace(subscriptions, indexes=TenantIndexes(), delivery=source_notices, collection=SOURCES)
    restore_subscriptions(sources, recovered.state.tenants(), known=contexts.known)
    snapshots = Snapshots(broker=broker, documents=documents, settings=derive.snapshot_settings(settings))
    broker.matcher = indexes
    models = _models(context)
    broker.model = models.port
    writer.listen(delivery.wake)
    return Parts(
        store=store,
        broker=broker,
        checkpointer=checkpointer,
        documents=documents,
        contexts=contexts,
        hosting=hosting,
        registrations=registrations,
        federation=build_federation(context, contexts, registrations),
        subscriptions=subscriptions,
        sources=sources,
        source_notices=source_notices,
        snapshots=snapshots,
        snapshot_task=SnapshotTask(snapshots),
        snapshot_notices=_snapshot_notices(context, snapshots, notifiers),
        delivery=delivery,
        history=broker.history,
        expiry=ExpiryTask(broker),
        retention=RetentionTask(broker, derive.retention_rules(settings)),
        models=models,
        notifiers=notifiers,
        access=access,
        keys=None if access is None else build_key_refresh(context, access),
        authorizer=OpenAuthorizer() if access is None else AccessAuthorizer(access),
        services=build_services(context, neighbours),
    )


def _models(context: RoleContext) -> ModelChecks:
    return ModelChecks(
        derive.model_modes(context.settings),
        now_us=context.clock.now_us,
        metrics=context.metrics,
        kept=context.settings.models.kept_breaches,
    )


def _contexts(settings: Settings) -> ContextResolver:
    """Return the resolver with the city's own contexts pinned, so that they are never fetched."""
    limits = derive.context_limits(settings)
    loader: Loader = NoContextLoader()
    if settings.contexts.fetch:
        loader = HttpContextLoader(
            derive.egress_rules(settings),
            timeout_s=settings.contexts.fetch_timeout_s,
            size_bytes=limits.document_bytes,
        )
    resolver = ContextResolver(loader, limits=limits)
    for url, document in list_contexts().items():
        resolver.pin(url, document)
    if settings.contexts.preload:
        preload_contexts(resolver, Path(settings.contexts.preload))
    return resolver


def _notifiers(settings: Settings, neighbours: Neighbours) -> tuple[HttpNotifier, MqttNotifier]:
    rules = derive.egress_rules(settings)
    return HttpNotifier(replace(rules, own=neighbours.is_own)), MqttNotifier(rules)


def _source_notices(
    context: RoleContext,
    registrations: Registrations,
    notifiers: tuple[HttpNotifier, MqttNotifier],
    standing: Standing,
) -> SourceNotices:
    http, mqtt = notifiers
    return SourceNotices(
        registrations,
        {"http": http, "https": http, "mqtt": mqtt, "mqtts": mqtt},
        clock=context.clock,
        standing=standing,
        new_id=lambda: f"urn:ngsi-ld:Notification:{uuid.uuid4()}",
        settings=SourceNoticeSettings(timeout_us=derive.delivery_settings(context.settings).timeout_us),
    )


def _snapshot_notices(
    context: RoleContext, snapshots: Snapshots, notifiers: tuple[HttpNotifier, MqttNotifier]
) -> SnapshotNotices:
    http, mqtt = notifiers
    return SnapshotNotices(
        snapshots,
        {"http": http, "https": http, "mqtt": mqtt, "mqtts": mqtt},
        new_id=lambda: f"urn:ngsi-ld:SnapshotNotification:{uuid.uuid4()}",
        settings=SnapshotNoticeSettings(timeout_us=derive.delivery_settings(context.settings).timeout_us),
    )


def _delivery(
    context: RoleContext,
    store: SqliteStore,
    broker: Broker,
    notifiers: tuple[HttpNotifier, MqttNotifier],
    standing: Standing,
) -> Delivery:
    http, mqtt = notifiers
    by_scheme: dict[str, Notifier] = {"http": http, "https": http, "mqtt": mqtt, "mqtts": mqtt}
    return Delivery(
        log=store.log,
        ledger=store.delivery,
        notifiers=by_scheme,
        clock=context.clock,
        rng=random.SystemRandom().random,
        settings=derive.delivery_settings(context.settings),
        current_entities=StateEntities(broker.state, context.clock.now_us),
        standing=standing,
    )

"""The federation joined to the node: its clock, its @contexts, and the rules of where it may connect to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from samstad_broker.service.registrations import Registrations
from samstad_broker.service.registrations.sources import announce_sources
from samstad_federation.gateway.http_wire import HttpWire
from samstad_federation.service.federation import Federation
from samstad_ngsild.context import Context, ContextResolver
from samstad_node.settings import derive
from samstad_node.supervisor.role import RoleContext

__all__ = ["build_federation"]

_MIB = 1024 * 1024


def build_federation(
    context: RoleContext, contexts: ContextResolver, registrations: Registrations
) -> Federation:
    """Join a federation to the broker; sources are reached within the rules that hold for notifications."""
    settings, clock = context.settings.federation, context.clock
    rules = derive.egress_rules(context.settings)

    def permits(address: str) -> bool:
        return rules.permits(ip_address(address.partition("%")[0]))

    async def resolve(source: Any) -> Context:
        return await contexts.resolve(source, now_us=clock.now_us())

    wire = HttpWire(
        permits, answer_bytes=settings.answer_mib * _MIB, connections=settings.requests_per_source
    )
    federation = Federation(
        wire, alias=context.settings.node.name, now_us=clock.now_us, resolve=resolve, settings=settings
    )
    broker = registrations.broker
    broker.forwarder = federation
    announce_sources(registrations, federation, tenants=broker.state.tenants())
    return federation

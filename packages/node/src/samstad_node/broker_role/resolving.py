"""Names resolved to addresses that the egress rules allow; loaded with the first fetch, as aiohttp is."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from samstad_broker.gateway.egress import EgressDenied, EgressRules, ResolutionFailed, resolve_host

__all__ = ["JudgedResolver"]


class JudgedResolver(AbstractResolver):
    """Resolves names to addresses that the egress rules allow, and to no others."""

    def __init__(self, rules: EgressRules) -> None:
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the allowed addresses of a host; an error that aiohttp understands where there is none."""
        del family
        try:
            addresses = await self._rules.addresses(host, port, resolve=resolve_host)
        except (EgressDenied, ResolutionFailed) as error:
            raise OSError(str(error)) from error
        return [_resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Have nothing to put away."""


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )

"""Changing many boxes at once: a dry run tells what a real one would do, each row for itself."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from samstad_devices.domain.errors import DevicesError
from samstad_devices.domain.swapping import SwapRow, read_swaps
from samstad_devices.service.registry import DeviceUnknown, Registry, SwapRefused
from samstad_devices.spi.city import City
from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError

__all__ = ["SwapReport", "swap_many"]

_AT_ONCE = 8


class SwapReport(NamedTuple):
    """What became of a row: ``swapped``, ``would-swap`` or ``refused``, with the reason."""

    line: int
    old: str
    new: str
    outcome: str
    detail: str = ""


async def swap_many(text: str, city: City, registry: Registry, *, who: str, is_dry: bool) -> list[SwapReport]:
    """Swap the boxes of a table; rows that cannot be are left out and told, in the order of their lines.

    A row that failed half-way leaves a place with two boxes, which the same table mends: what was swapped
    before is then refused, since the old box is at no place any more.

    Raises:
        MessageRefused: it is no table of swaps.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(row: SwapRow) -> SwapReport:
        async with gate:
            return await _swap(row, city, registry, who=who, is_dry=is_dry)

    return list(await asyncio.gather(*map(one, read_swaps(text))))


async def _swap(row: SwapRow, city: City, registry: Registry, *, who: str, is_dry: bool) -> SwapReport:
    report = SwapReport(row.line, row.old, row.new, "would-swap" if is_dry else "swapped")
    if row.fault:
        return report._replace(outcome="refused", detail=row.fault)
    try:
        if is_dry:
            registry.check_swap(row.old, row.new, who=who, why=row.reason)
        else:
            await registry.swap(city, row.old, row.new, who=who, why=row.reason)
    except (DevicesError, DeviceUnknown, SwapRefused, NgsiLdError, ClientError) as error:
        return report._replace(outcome="refused", detail=str(error))
    return report

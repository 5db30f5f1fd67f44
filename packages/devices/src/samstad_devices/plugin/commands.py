"""Commands under ``samstad devices``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from samstad_devices.domain.errors import DevicesError
from samstad_devices.gateway.catalogue import CatalogueRefused, licence_of, read_catalogue
from samstad_devices.gateway.codecs import CodecLimits, CodecPool
from samstad_devices.gateway.trying import Tried, try_codecs
from samstad_devices.store.codecs import SqliteCodecs
from samstad_devices.store.database import DATABASE, Database

__all__ = ["codecs"]


def codecs(directory: Path, *, data: Path = Path("data"), licence: str = "", dry_run: bool = False) -> int:
    """Try the codecs of a LoRaWAN device repository by their own examples, and keep those that pass.

    Args:
        directory: laid out as The Things Network's: vendor/<name>/<codec>.yaml.
        data: the node's data directory; the node may run.
        licence: under which the codecs may be used, where the directory's LICENSE does not say.
        dry_run: only try them.
    """
    try:
        terms = licence or licence_of(directory)
        _check(terms, data, is_dry=dry_run)
        return asyncio.run(_codecs(directory, None if dry_run else data, terms))
    except DevicesError as error:
        print(f"samstad devices codecs: {error.detail}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1


def _check(licence: str, data: Path, *, is_dry: bool) -> None:
    if not licence:
        raise CatalogueRefused("No licence is known: say --licence, if you may use these codecs.")
    if not is_dry and not data.is_dir():
        raise CatalogueRefused(f"{data} is no data directory of a node: say --data.")


async def _codecs(directory: Path, data: Path | None, licence: str) -> int:
    tried = await _tried(directory)
    if data is not None:
        await _keep(tried, data, licence)
    _report(tried, licence)
    return 0 if all(one.is_good for one in tried) else 1


async def _tried(directory: Path) -> list[Tried]:
    pool = CodecPool(CodecLimits(failures=1_000_000), now_us=_now_us)
    working = asyncio.create_task(pool.run_processes())
    try:
        return await try_codecs(read_catalogue(directory), pool)
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _keep(tried: Sequence[Tried], data: Path, licence: str) -> None:
    database = Database(data / DATABASE)
    try:
        await database.open()
        kept = SqliteCodecs(database)
        for one in tried:
            if one.is_good:
                name = f"{one.found.vendor}/{one.found.name}"
                await kept.bring(one.found.source, name=name, licence=licence, now_us=_now_us())
    finally:
        await database.close()


def _report(tried: Sequence[Tried], licence: str) -> None:
    lines = []
    for vendor in sorted({one.found.vendor for one in tried}):
        mine = [one for one in tried if one.found.vendor == vendor]
        good = sum(one.is_good for one in mine)
        examples = sum(one.passed for one in mine)
        lines.append(f"{vendor}: {good} of {len(mine)} codecs pass, {examples} examples")
        lines += [f"  {one.found.name}: {fault}" for one in mine for fault in one.faults]
    lines.append(f"{sum(one.is_good for one in tried)} of {len(tried)} codecs pass ({licence}).")
    print("\n".join(lines))  # noqa: T201 - a command's output


def _now_us() -> int:
    return time.time_ns() // 1_000

"""``samstad devices keys``: an owner who leaves takes the keys of the devices along, wrapped."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from samstad_devices.mapping import iso
from samstad_devices.plugin.keys import KEY_FILE
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.spi.keys import Key
from samstad_devices.store.database import DATABASE, Database
from samstad_devices.store.keys import Reading, SqliteKeys
from samstad_devices.store.sealing import Seal, read_key_file

__all__ = ["ABOUT", "keys"]

ABOUT = "{kind} {id} of {device}"
"""What is authenticated with each wrapped key (AES-256-GCM's additional data)."""


def keys(under: Path, out: Path, *, why: str, data: Path = Path("data"), key_file: Path | None = None) -> int:
    """Write the keys of all devices into a file, each wrapped under a key of the owner's.

    Args:
        under: file with the owner's key: 64 hexadecimal digits.
        out: file that is written; it must not be there.
        why: reason, which is written down with your name.
        data: the node's data directory; the node may run.
        key_file: the node's own key-encryption key, where devices.key_file names one.
    """
    try:
        count = asyncio.run(_export(under, out, data, key_file or data / KEY_FILE, why))
    except (StoreUnavailable, OSError) as error:
        print(f"samstad devices keys: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    print(f"{count} keys are in {out}.")  # noqa: T201 - a command's output
    return 0


async def _export(under: Path, out: Path, data: Path, key_file: Path, why: str) -> int:
    owner, own = read_key_file(under), read_key_file(key_file)
    if not (data / DATABASE).exists():
        raise StoreUnavailable(f"{data} is no data directory of a node with devices: say --data.")
    if not why.strip():
        raise StoreUnavailable("Say --why: it is written down.")
    database = Database(data / DATABASE)
    await database.open()
    try:
        # The file first: a name that cannot be written must not leave a reading that never was.
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        reading = Reading(getpass.getuser(), why.strip(), time.time_ns() // 1_000)
        with os.fdopen(handle, "wb") as file:
            found = await SqliteKeys(database, own).all(reading)
            for key in found:
                file.write(orjson.dumps(_line(key, owner)) + b"\n")
    finally:
        await database.close()
    return len(found)


def _line(key: Key, owner: Seal) -> dict[str, Any]:
    facts = key.facts
    about = ABOUT.format(kind=facts.kind, id=facts.id, device=facts.subject)
    return {
        "id": facts.id,
        "device": facts.subject,
        "kind": facts.kind,
        "from": iso(facts.begins_us),
        "until": iso(facts.ends_us),
        "wrapped": owner.wrap(key.secret, about).hex(),
    }

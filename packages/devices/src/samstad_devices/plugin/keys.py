"""Wires the keys of devices: where the key that wraps them lies, and what is wrong when it does not."""

from __future__ import annotations

from pathlib import Path

from samstad_devices.settings import DevicesSettings
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.store.database import Database
from samstad_devices.store.keys import SqliteKeys
from samstad_devices.store.sealing import Seal, new_key_file, read_key_file
from samstad_plugin.service import Check, CheckState, Surroundings

__all__ = ["KEY_FILE", "key_file", "keys_way"]

KEY_FILE = "devices-keys.key"


def key_file(settings: DevicesSettings, data: Path) -> Path:
    """Return where the key-encryption key lies."""
    return Path(settings.key_file) if settings.key_file else data / KEY_FILE


async def keys_way(
    surroundings: Surroundings[DevicesSettings], database: Database
) -> tuple[SqliteKeys, list[Check]]:
    """Return the keys; without the key that wraps them, they are refused, and all else goes on.

    A key file is made where there is none and nothing was ever wrapped; one that went away is never replaced.
    """
    path = key_file(surroundings.settings, surroundings.data)
    wrapped = await SqliteKeys(database, None).foreign()
    try:
        seal: Seal | None = read_key_file(path) if path.exists() or wrapped else new_key_file(path)
        fault = ""
    except (StoreUnavailable, OSError) as error:
        seal, fault = None, str(error)
    keys = SqliteKeys(database, seal)
    foreign = await keys.foreign()
    if foreign and not fault:
        fault = f"{foreign} keys of devices are wrapped under another key than {path.name}"
    if not fault:
        return keys, []
    surroundings.log.error("devices.keys_do_not_open", detail=fault)
    told = f"{fault} Bring back the file that devices.key_file names, then restart the role."
    return keys, [Check("keys", CheckState.DEGRADED, told)]

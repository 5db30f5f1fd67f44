"""What the node needs to know to load access."""

from __future__ import annotations

from dataclasses import dataclass

from samstad_access.settings import AccessSettings
from samstad_access.store.sqlite.queries import migrations
from samstad_access.store.sqlite.store import DATABASE

__all__ = ["Plugin", "plugin"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A description that the node reads.

    Attributes:
        name: of the section in the settings.
        settings: its type.
        database: the file under the node's data directory, for backup, export and erasure.
        migrations: the SQL that leads to each schema version, in order.
    """

    name: str
    settings: type[AccessSettings]
    database: str
    migrations: tuple[str, ...]


plugin = Plugin(name="access", settings=AccessSettings, database=DATABASE, migrations=migrations())

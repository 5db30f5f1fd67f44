"""The table of sections: one line for each, in the order of the documentation; those of services follow."""

from __future__ import annotations

from functools import cache
from typing import cast

import msgspec

from samstad_federation.settings import FederationSettings
from samstad_node.plugins import installed
from samstad_node.settings.sections import (
    AccessSettings,
    ContextsSettings,
    HistorySettings,
    HttpSettings,
    LimitsSettings,
    LogSettings,
    ModelsSettings,
    NodeSettings,
    NotificationsSettings,
    RolesSettings,
    StoreSettings,
)

__all__ = ["Settings", "settings_type"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set; a package's section is a frozen Struct with defaults."""

    node: NodeSettings = NodeSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    access: AccessSettings = AccessSettings()
    store: StoreSettings = StoreSettings()
    limits: LimitsSettings = LimitsSettings()
    history: HistorySettings = HistorySettings()
    contexts: ContextsSettings = ContextsSettings()
    models: ModelsSettings = ModelsSettings()
    notifications: NotificationsSettings = NotificationsSettings()
    federation: FederationSettings = FederationSettings()
    roles: RolesSettings = RolesSettings()


@cache
def settings_type() -> type[Settings]:
    """Return the table with the sections of the services that are installed."""
    added = [(name, plugin.settings, plugin.settings()) for name, plugin in installed().items()]
    if not added:
        return Settings
    made = msgspec.defstruct("Settings", added, bases=(Settings,), frozen=True, kw_only=True)
    return cast("type[Settings]", made)

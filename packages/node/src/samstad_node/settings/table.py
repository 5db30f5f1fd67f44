"""The table of sections: one line for each, in the order of the documentation."""

from __future__ import annotations

import msgspec

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

__all__ = ["Settings"]


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
    roles: RolesSettings = RolesSettings()

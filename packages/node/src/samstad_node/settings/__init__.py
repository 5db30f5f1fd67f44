"""Settings: each section is a frozen type with a default and a text per field; a bad value refuses to start.

Order of precedence: flag, environment (``SAMSTAD_<SECTION>_<KEY>``), ``samstad.toml``, default.
"""

from __future__ import annotations

from samstad_node.settings.load import LoadedSettings, Origin, load_settings
from samstad_node.settings.problems import SettingProblem, SettingsRefused
from samstad_node.settings.secret import Secret
from samstad_node.settings.table import Settings

__all__ = [
    "LoadedSettings",
    "Origin",
    "Secret",
    "SettingProblem",
    "Settings",
    "SettingsRefused",
    "load_settings",
]

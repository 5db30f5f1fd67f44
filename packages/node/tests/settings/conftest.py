"""A section with a secret beside the real ones: no setting of this release is one."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from samstad_node.settings import Secret, Settings, fields, load


class VaultSettings(msgspec.Struct, frozen=True):
    """What nobody may see."""

    word: Annotated[Secret, Meta(description="The word that opens the vault.")] = msgspec.field(
        default_factory=Secret
    )


class SettingsWithVault(Settings, frozen=True, kw_only=True):
    """The real table and one section more."""

    vault: VaultSettings = VaultSettings()


@pytest.fixture
def vault(monkeypatch):
    monkeypatch.setattr(fields, "settings_type", lambda: SettingsWithVault)
    monkeypatch.setattr(load, "settings_type", lambda: SettingsWithVault)

"""``samstad settings``: what is set, where it came from, and whether it can be used."""

from __future__ import annotations

from typing import Any

from samstad_node.cli.exits import Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.settings import LoadedSettings, Secret
from samstad_node.settings.fields import Field, fields, section_doc

__all__ = ["check", "show"]


def show(*, settings: SettingsFile = None, json: Json = False) -> None:
    """Print every setting with its value, where the value came from, and what may be set."""
    loaded = command_settings(settings)
    rows = [_row(field, loaded) for field in fields()]
    emit({row["key"]: row for row in rows}, _text(rows), json=json)


def check(*, settings: SettingsFile = None, json: Json = False) -> int:
    """Check the settings; exit code 0 when they can be used, 3 and every problem when they cannot."""
    loaded = command_settings(settings)
    changed = sorted(key for key, origin in loaded.origins.items() if origin.where != "default")
    emit({"ok": True, "set": changed}, f"the settings can be used; {len(changed)} are set", json=json)
    return Exit.OK


def _row(field: Field, loaded: LoadedSettings) -> dict[str, Any]:
    value = getattr(getattr(loaded.settings, field.section), field.name)
    shown = str(value) if isinstance(value, Secret) else value
    return {
        "key": field.key,
        "value": shown,
        "from": loaded.origins[field.key].where,
        "allowed": field.allowed,
        "text": field.description,
    }


def _text(rows: list[dict[str, Any]]) -> str:
    lines: list[str] = []
    section = ""
    for row in rows:
        head, _, name = row["key"].partition(".")
        if head != section:
            section = head
            lines += ["", f"[{section}]  # {section_doc(section)}"]
        lines.append(f"{name} = {_toml(row['value'])}  # {row['from']}")
    return "\n".join(lines[1:])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)

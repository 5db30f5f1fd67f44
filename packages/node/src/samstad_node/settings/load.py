"""Read the settings from flags, environment and file, refusing everything that is not understood."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from samstad_node.plugins import broken
from samstad_node.settings.fields import Field, decode_secret, fields, sections
from samstad_node.settings.problems import SettingProblem, SettingsRefused, did_you_mean
from samstad_node.settings.table import Settings, settings_type

__all__ = ["LoadedSettings", "Origin", "load_settings"]

RESERVED = frozenset({"SAMSTAD_SETTINGS", "SAMSTAD_REFERENCE"})
"""Variables that are not settings: the file to read, and the tests' reference directory."""


class Origin(NamedTuple):
    """Where a value came from, for people: ``default``, ``file samstad.toml line 4``, a variable, a flag."""

    where: str


class LoadedSettings(NamedTuple):
    """Settings that are complete and checked, and where each key came from (``section.key``)."""

    settings: Settings
    origins: Mapping[str, Origin]


class _Given(NamedTuple):
    value: Any
    where: str
    strict: bool


def load_settings(
    *, file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> LoadedSettings:
    """Combine the three sources; ``flags`` maps ``section.key`` to a value.

    Raises:
        SettingsRefused: with every problem that was found, not only the first.
    """
    known = {field.key: field for field in fields()}
    problems: list[SettingProblem] = []
    given: dict[str, _Given] = {}
    if file is not None:
        given.update(_from_file(file, known, problems))
    given.update(_from_environment(environment, known, problems))
    given.update({key: _Given(value, f"flag for {key}", strict=False) for key, value in flags.items()})
    values: dict[str, dict[str, Any]] = {name: {} for name in sections()}
    for key, one in given.items():
        field = known[key]
        try:
            values[field.section][field.name] = _convert(field, one)
        except msgspec.ValidationError:
            problems.append(_bad_value(field, one))
    if problems:
        raise SettingsRefused(problems)
    built: dict[str, Any] = {name: kind(**values[name]) for name, kind in sections().items()}
    origins = {key: Origin(given[key].where if key in given else "default") for key in known}
    return LoadedSettings(settings_type()(**built), origins)


def _convert(field: Field, given: _Given) -> Any:
    return msgspec.convert(given.value, field.type, strict=given.strict, dec_hook=decode_secret)


def _bad_value(field: Field, given: _Given) -> SettingProblem:
    shown = "this value" if field.secret else repr(given.value)
    return SettingProblem(field.key, given.where, f"{shown} is not {field.allowed}")


def _from_file(
    file: Path, known: Mapping[str, Field], problems: list[SettingProblem]
) -> Iterator[tuple[str, _Given]]:
    text, content = _parse(file)
    lines = _lines_of_keys(text)
    for section, members in content.items():
        where = f"{file} line {lines.get(section, 1)}"
        if section in broken():
            continue  # the service's section stays as it is until the service can be used again
        if section not in sections():
            problems.append(
                SettingProblem(section, where, f"no such section; {did_you_mean(section, sections())}")
            )
        elif not isinstance(members, dict):
            problems.append(
                SettingProblem(section, where, f"this is a section: write [{section}] and keys under it")
            )
        else:
            for name, value in members.items():
                key = f"{section}.{name}"
                where = f"{file} line {lines.get(key, 1)}"
                if key in known:
                    yield key, _Given(value, where, strict=True)
                else:
                    problems.append(_unknown(key, section, name, where))


def _unknown(key: str, section: str, name: str, where: str) -> SettingProblem:
    names = [field.name for field in fields() if field.section == section]
    return SettingProblem(key, where, f"no such setting in [{section}]; {did_you_mean(name, names)}")


def _parse(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        detail = f"the file cannot be read: {error.strerror or error}"
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        detail = f"this is not TOML: {error}"
    raise SettingsRefused([SettingProblem(file.name, str(file), detail)])


_SECTION = re.compile(r"^\s*\[\s*([A-Za-z0-9_-]+)\s*\]")
_KEY = re.compile(r"""^\s*["']?([A-Za-z0-9_-]+)["']?\s*(?:\.\s*["']?([A-Za-z0-9_-]+)["']?\s*)?=""")


def _lines_of_keys(text: str) -> dict[str, int]:
    """Find the line of each section and key; tomllib itself does not tell."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _SECTION.match(line):
            section = match[1]
            found.setdefault(section, number)
        elif match := _KEY.match(line):
            parts = [part for part in (section, match[1], match[2]) if part]
            found.setdefault(".".join(parts), number)
    return found


def _from_environment(
    environment: Mapping[str, str], known: Mapping[str, Field], problems: list[SettingProblem]
) -> Iterator[tuple[str, _Given]]:
    by_variable = {field.variable: field for field in known.values()}
    for variable, text in sorted(environment.items()):
        field = by_variable.get(variable)
        if field is not None:
            yield (
                field.key,
                _Given(_words(text) if field.listed else text, f"environment {variable}", strict=False),
            )
        elif _looks_like_ours(variable):
            detail = f"no such setting; {did_you_mean(variable, by_variable)}"
            problems.append(SettingProblem(variable, "environment", detail))


def _looks_like_ours(variable: str) -> bool:
    """Tell a misspelt setting from a stranger (an orchestrator sets SAMSTAD_SERVICE_HOST and the like)."""
    if variable in RESERVED or not variable.startswith("SAMSTAD_"):
        return False
    return variable.split("_")[1].lower() in sections()


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]

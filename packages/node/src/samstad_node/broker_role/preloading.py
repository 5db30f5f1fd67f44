"""Contexts from files (``contexts.preload``): pinned under their URLs, never fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from samstad_ngsild.context import ContextResolver
from samstad_ngsild.errors import NgsiLdError
from samstad_node.settings.problems import SettingProblem, SettingsRefused

__all__ = ["INDEX", "preload_contexts"]

INDEX = "index.json"
_KEY = "contexts.preload"


def preload_contexts(resolver: ContextResolver, directory: Path) -> int:
    """Pin every context that the directory's index names; return how many there are.

    Raises:
        SettingsRefused: the index or a file cannot be read or is no @context; each is named.
    """
    problems: list[SettingProblem] = []
    pinned = 0
    for url, file in _index(directory):
        try:
            resolver.pin(url, _document(file))
            pinned += 1
        except (OSError, ValueError, NgsiLdError) as error:
            problems.append(SettingProblem(_KEY, str(file), f"the @context of {url}: {_told(error)}"))
    if problems:
        raise SettingsRefused(problems)
    return pinned


def _index(directory: Path) -> Iterator[tuple[str, Path]]:
    path = directory / INDEX
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SettingsRefused([SettingProblem(_KEY, str(path), _told(error))]) from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content.values()):
        detail = 'the index maps URLs to file names, as {"https://example.org/c.jsonld": "c.jsonld"}'
        raise SettingsRefused([SettingProblem(_KEY, str(path), detail)])
    for url, name in content.items():
        yield url, directory / name


def _document(file: Path) -> Any:
    document = orjson.loads(file.read_bytes())
    if not isinstance(document, dict) or "@context" not in document:
        raise ValueError("the file has no @context member")
    return document


def _told(error: Exception) -> str:
    if isinstance(error, NgsiLdError):
        return error.detail
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return f"is not JSON: {error}" if isinstance(error, orjson.JSONDecodeError) else str(error)

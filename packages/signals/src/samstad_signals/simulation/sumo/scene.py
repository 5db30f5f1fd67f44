"""A scenario's files seen through links in a folder of our own, so that what SUMO writes lands there.

Detectors and configurations name their outputs relative to themselves; a network that is only read, or kept
under version control, must not be written into.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["SceneMissing", "check_scene", "link_scene"]

INPUTS = ("net-file", "route-files", "additional-files", "weight-files", "configuration-file")
MOST_FILES = 5_000


class SceneMissing(ValueError):
    """The configuration cannot be read, or names files that are not there."""


def link_scene(configuration: Path, into: Path) -> Path:
    """Link every file beside the configuration and its inputs into a folder; return its twin there."""
    inputs = list(_inputs(configuration))
    folders = sorted({path.parent for path in (configuration.resolve(), *inputs)})
    root = Path(os.path.commonpath(folders))
    count = 0
    for folder in folders:
        there = into / folder.relative_to(root)
        there.mkdir(parents=True, exist_ok=True)
        for one in folder.iterdir():
            count += 1
            if count > MOST_FILES:
                raise SceneMissing(f"more than {MOST_FILES} files stand beside {configuration.name}")
            if one.is_file():
                (there / one.name).symlink_to(one)
    return into / configuration.resolve().relative_to(root)


def check_scene(configuration: Path) -> None:
    """Raise SceneMissing when the configuration, or a file that it names, is not there."""
    list(_inputs(configuration))


def _inputs(configuration: Path) -> Iterator[Path]:
    try:
        tree = ET.parse(configuration)  # noqa: S314  # SUMO reads the same file, its user's own
    except OSError as error:
        raise SceneMissing(f"cannot read {configuration}: {error.strerror}") from None
    except ET.ParseError as error:
        raise SceneMissing(f"{configuration} is no SUMO configuration: {error}") from None
    found = False
    for element in tree.iter():
        name = {"net": "net-file", "routes": "route-files", "additional": "additional-files"}.get(
            element.tag, element.tag
        )
        found = found or name == "net-file"
        if name in INPUTS:
            for value in element.get("value", "").replace(" ", ",").split(","):
                yield from _path(configuration, value)
    if not found:
        raise SceneMissing(f"{configuration} names no net-file")


def _path(configuration: Path, value: str) -> Iterator[Path]:
    if value:
        path = (configuration.resolve().parent / value).resolve()
        if not path.is_file():
            raise SceneMissing(f"{configuration} names {value}, which is not there")
        yield path

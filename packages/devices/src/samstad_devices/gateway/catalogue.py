"""LoRaWAN device repositories in the layout of The Things Network: their codecs, and the examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError

from samstad_devices.domain.codec import MAX_SOURCE_BYTES
from samstad_devices.domain.errors import DevicesError

__all__ = ["CatalogueRefused", "Example", "Found", "licence_of", "read_catalogue"]

_MAX_YAML_BYTES = 1_048_576
_LICENCES = (
    ("Apache License", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("Mozilla Public License", "MPL-2.0"),
    ("BSD 3-Clause", "BSD-3-Clause"),
)


class CatalogueRefused(DevicesError):
    """A directory is no device repository, or one may not be used."""


class Example(NamedTuple):
    """What a vendor says that bytes mean; ``data`` is None where they shall be refused."""

    payload: bytes
    port: int
    data: Any


class Found(NamedTuple):
    """One codec of one vendor; ``fault`` says why it cannot be used."""

    vendor: str
    name: str
    source: str
    examples: tuple[Example, ...]
    fault: str = ""


class _Texts(SafeConstructor):
    """Leaves dates as the texts that they are (YAML 1.2 has no dates)."""


_Texts.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def licence_of(directory: Path) -> str:
    """Return the licence of a repository by its LICENSE file, or empty where it has none that is known."""
    for name in ("LICENSE", "LICENSE.md", "LICENSE.txt"):
        path = directory / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")[:2_000]
            return next((short for words, short in _LICENCES if words.lower() in text.lower()), "")
    return ""


def read_catalogue(directory: Path) -> Iterator[Found]:
    """Yield the codecs of a repository, each once, vendor by vendor.

    Raises:
        CatalogueRefused: it has no directory ``vendor``.
    """
    vendors = directory / "vendor"
    if not vendors.is_dir():
        raise CatalogueRefused(f"{directory.name} has no directory 'vendor': it is no device repository.")
    for vendor in sorted(path for path in vendors.iterdir() if path.is_dir()):
        for path in sorted(vendor.glob("*codec*.yaml")):
            yield _found(vendor, path)


def _found(vendor: Path, path: Path) -> Found:
    try:
        told = _yaml(path).get("uplinkDecoder")
        if not isinstance(told, Mapping):
            return Found(vendor.name, path.stem, "", (), "it has no uplinkDecoder")
        source = _source(vendor, str(told.get("fileName", "")))
        examples = tuple(_examples(told.get("examples") or ()))
    except (OSError, ValueError, TypeError, KeyError, YAMLError) as error:
        return Found(vendor.name, path.stem, "", (), f"it cannot be read: {str(error).splitlines()[0]:.200}")
    return Found(vendor.name, path.stem, source, examples)


def _yaml(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > _MAX_YAML_BYTES:
        raise ValueError(f"{path.name} is longer than {_MAX_YAML_BYTES} bytes")
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Texts
    told = reader.load(path.read_text(encoding="utf-8"))
    if not isinstance(told, Mapping):
        raise TypeError(f"{path.name} is no mapping")
    return told


def _source(vendor: Path, name: str) -> str:
    path = (vendor / name).resolve()
    if not path.is_relative_to(vendor.resolve()) or not path.is_file():
        raise ValueError(f"fileName {name!r:.80} is no file of this vendor")
    if path.stat().st_size > MAX_SOURCE_BYTES:
        raise ValueError(f"{name} is longer than {MAX_SOURCE_BYTES} bytes")
    return path.read_text(encoding="utf-8")


def _examples(told: Any) -> Iterator[Example]:
    for one in told:
        given, wanted = one["input"], one["output"]
        yield Example(bytes(given["bytes"]), int(given.get("fPort", 1)), wanted.get("data"))

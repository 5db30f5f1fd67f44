"""``python -m samstad_models.generate``: writes everything that is derived from the source tables.

    generated/catalogue.json                what is read at run time
    schemas/<Type>.json                     JSON Schema 2020-12 of the simplified form
    contexts/<version>/<subject>.jsonld     @contexts; a pinned one is never written anew
    docs/reference/models.md, glossary.md   what people read

``--check`` writes nothing and exits 1 where something differs from what is committed. ``--pin``
records the digests of the contexts of the current version, which makes them immutable.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from samstad_models.catalogue import Catalogue
from samstad_models.contexts import CONTEXT_VERSION, build_contexts, digest
from samstad_models.reference import glossary_page, models_page
from samstad_models.schema import schema_of
from samstad_models.source import read_catalogue

__all__ = ["PinnedContextError", "main", "outputs"]

_PACKAGE = Path(__file__).resolve().parent
_PINS = "contexts/pins.json"


class PinnedContextError(ValueError):
    """The tables would change a context that is published."""


def _document(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _catalogue_text(catalogue: Catalogue) -> str:
    return msgspec.json.format(msgspec.json.encode(catalogue), indent=1).decode() + "\n"


def _contexts(catalogue: Catalogue) -> dict[str, str]:
    built = build_contexts(catalogue)
    return {f"contexts/{CONTEXT_VERSION}/{name}.jsonld": _document(body) for name, body in built.items()}


def _check_pins(contexts: dict[str, str], pins: dict[str, str]) -> None:
    for path, text in contexts.items():
        if path in pins and pins[path] != digest(text):
            raise PinnedContextError(
                f"{path} is published and must not change: raise CONTEXT_VERSION in contexts.py, "
                "so that the changed names get a version of their own"
            )


def outputs(package: Path = _PACKAGE) -> dict[Path, str]:
    """Return path → text of everything that follows from the tables of a package directory.

    Raises:
        SourceError: a table says something that it may not.
        PinnedContextError: a published context would change.
    """
    catalogue = read_catalogue(package)
    contexts = _contexts(catalogue)
    pins_file = package / _PINS
    _check_pins(contexts, json.loads(pins_file.read_text()) if pins_file.exists() else {})
    inside = {
        "generated/catalogue.json": _catalogue_text(catalogue),
        **{f"schemas/{t.name}.json": _document(schema_of(t, catalogue)) for t in catalogue.types.values()},
        **contexts,
    }
    reference = package.parents[3] / "docs" / "reference"
    return {
        **{package / path: text for path, text in inside.items()},
        reference / "models.md": models_page(catalogue),
        reference / "glossary.md": glossary_page(catalogue),
    }


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _pin(package: Path) -> None:
    pins_file = package / _PINS
    pins = json.loads(pins_file.read_text()) if pins_file.exists() else {}
    for path, text in _contexts(read_catalogue(package)).items():
        pins.setdefault(path, digest(text))
    pins_file.write_text(_document(dict(sorted(pins.items()))), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write, check or pin; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m samstad_models.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something differs")
    parser.add_argument("--pin", action="store_true", help="make the contexts of this version immutable")
    options = parser.parse_args(arguments)
    changed = {path: text for path, text in outputs().items() if _differs(path, text)}
    for path, text in sorted(changed.items()):
        sys.stdout.write(f"{'differs' if options.check else 'wrote'} {path.name}\n")
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if options.pin:
        _pin(_PACKAGE)
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

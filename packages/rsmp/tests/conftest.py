"""Where the public schemas are, when they are there at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the published RSMP schemas; tests that read it prove no feature by it alone."""
    named = os.environ.get("SAMSTAD_REFERENCE")
    if not named or not (Path(named) / "rsmp").is_dir():
        pytest.skip("SAMSTAD_REFERENCE does not name a folder with the published RSMP schemas")
    return Path(named) / "rsmp"


@pytest.fixture(scope="session")
def schema_of(reference):
    """A function from ("core", "3.2.2") to a validator of the published schema."""
    from jsonschema import Draft7Validator, Draft202012Validator  # noqa: PLC0415  # only where it is needed
    from referencing import Registry, Resource  # noqa: PLC0415
    from referencing.jsonschema import DRAFT7, DRAFT202012  # noqa: PLC0415

    def make(kind, version):
        draft, validator = (
            (DRAFT7, Draft7Validator) if kind == "core" else (DRAFT202012, Draft202012Validator)
        )
        folder = reference / kind / version
        resources = []
        for path in folder.rglob("*.json"):
            text = path.read_text(encoding="utf-8")
            text = text.replace("(?<item>", "(").replace(
                "\\\\g<item>", "\\\\d{1,2}\\\\-\\\\d{1,2}-\\\\d{1,2}"
            )
            uri = f"http://rsmp.example/{path.relative_to(folder).as_posix()}"
            resources.append((uri, Resource.from_contents(json.loads(text), default_specification=draft)))
        registry = Registry().with_resources(resources)
        return validator({"$ref": "http://rsmp.example/rsmp.json"}, registry=registry)

    made = {}
    return lambda kind, version: made.setdefault((kind, version), make(kind, version))

"""What the console says, in both languages: its own words, and those of the city's models."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from samstad_models.catalogue import LANGUAGES, EntityType, load_catalogue

__all__ = ["texts"]


@cache
def texts() -> dict[str, Any]:
    """Return ``words`` by language, and ``types`` with the labels of their attributes by language."""
    words = {
        language: orjson.loads(files("samstad_console").joinpath(f"locales/{language}.json").read_bytes())
        for language in LANGUAGES
    }
    return {"words": words, "types": {one.name: _type(one) for one in load_catalogue().types.values()}}


def _type(found: EntityType) -> dict[str, Any]:
    return {
        "labels": {language: text.label for language, text in found.texts.items()},
        "attributes": {
            one.name: {
                "labels": {language: text.label for language, text in one.texts.items()},
                "help": {language: text.help for language, text in one.texts.items()},
                "unit": one.unit,
            }
            for one in found.attributes
        },
    }

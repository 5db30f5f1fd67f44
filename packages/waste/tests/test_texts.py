"""Texts in both languages: the same alerts, the same places to fill in."""

from __future__ import annotations

import re
from importlib.resources import files

import orjson

from samstad_waste.domain.conditions import KINDS

PLACES = re.compile(r"{\w+}")


def texts(language):
    return orjson.loads((files("samstad_waste.locales") / f"{language}.json").read_bytes())


def test_every_alert_has_its_sentence_in_both_languages():
    swedish, english = texts("sv"), texts("en")
    assert swedish.keys() == english.keys() == KINDS.keys()
    for kind in KINDS:
        assert set(PLACES.findall(swedish[kind])) == set(PLACES.findall(english[kind]))
        assert swedish[kind] != english[kind]


def test_the_crews_page_has_each_word_in_both_languages():
    script = (files("samstad_waste.http") / "static" / "crew.js").read_text("utf-8")
    swedish, english = (
        set(re.findall(r"(\w+): \"", block))
        for block in re.findall(r"(?:sv|en): {(.*?)}", script, flags=re.DOTALL)
    )
    assert swedish == english
    assert len(swedish) > 30
    used = set(re.findall(r"TEXT\.(\w+)", script))
    assert used <= swedish

"""What the table claims is shown by tests, and nothing of the annex is left out."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from conformance import features, shown


def test_what_is_supported_is_shown_and_what_is_not_is_not():
    tests = shown()
    for row in features():
        assert row.supported in {"yes", "partly", "no"}, row
        assert bool(tests.get(row.feature)) == (row.supported != "no"), row
        assert row.note or row.supported != "partly", f"{row.feature}: say which part is missing"


def test_no_test_shows_what_the_annex_does_not_know():
    names = [row.feature for row in features()]
    assert len(names) == len(set(names))
    assert shown().keys() <= set(names)


def test_every_feature_of_the_annex_has_its_row():
    reference = os.environ.get("SAMSTAD_REFERENCE")
    facts = Path(reference).parent / "facts" / "ngsi-ld-features.tsv" if reference else None
    if facts is None or not facts.exists():
        pytest.skip("the list of features beside SAMSTAD_REFERENCE is not there")
    with facts.open(encoding="utf-8", newline="") as file:
        annex = Counter(row[3] for row in list(csv.reader(file, delimiter="\t"))[1:])
    assert Counter(row.feature.partition(".")[0] for row in features()) == annex

"""The limits that the documentation tells are those of the code."""

from __future__ import annotations

import re

from samstad_broker.http.arrays import MAX_ITEM_KIB
from samstad_broker.http.bodies import MAX_DEPTH
from samstad_broker.http.parameters import MAX_PARAMETERS
from samstad_ngsild.entities.bounds import MOST_ATTRIBUTES, MOST_LANGUAGES, MOST_MEMBERS, MOST_TYPES
from samstad_ngsild.query.geo import MAX_POSITIONS
from samstad_ngsild.query.order import MAX_ORDER_TERMS
from samstad_ngsild.query.q_parser import MAX_NESTING, MAX_TERMS, MAX_TEXT
from samstad_ngsild.query.regular import MAX_PATTERN
from samstad_ngsild.temporal.temporal_query import MAX_LAST_N

FIXED = {
    "levels of objects and arrays": MAX_DEPTH,
    "types of an entity": MOST_TYPES,
    "attributes in one entity": MOST_ATTRIBUTES,
    "members of its attributes, beside type and value": MOST_MEMBERS,
    "languages of a `languageMap`": MOST_LANGUAGES,
    "KiB of one entity in a batch": MAX_ITEM_KIB,
    "parameters": MAX_PARAMETERS,
    "characters of `q`": MAX_TEXT,
    "comparisons in `q`": MAX_TERMS,
    "nested parentheses in `q`": MAX_NESTING,
    "characters of a regular expression": MAX_PATTERN,
    "positions of the geometry in `coordinates`": MAX_POSITIONS,
    "terms of `orderBy`": MAX_ORDER_TERMS,
    "`lastN`": MAX_LAST_N,
}


def test_the_page_of_limits_tells_each_one_as_it_is(root):
    page = (root / "docs/reference/limits.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([^|]+) \| ([0-9]+) \|$", page, re.MULTILINE))
    assert told == {name: str(most) for name, most in FIXED.items()}
    settings = (root / "docs/reference/settings.md").read_text(encoding="utf-8")
    section = settings.partition("## [limits]\n")[2].partition("\n## ")[0]
    settable = re.findall(r"^\| [^|]+ \| `limits\.(\w+)` \| ([0-9]+)", page, re.MULTILINE)
    assert len(settable) == 6
    for name, default in settable:
        assert f"| `{name}` | `{default}` |" in section
    assert "| `no_such_setting` |" not in section

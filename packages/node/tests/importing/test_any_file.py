"""Whatever is in a mapping or a file to import: rows come out, good and bad ones, or the file is refused."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_node.importing.mapping import FileMapping, read_mapping
from samstad_node.importing.readers import read_rows
from samstad_node.importing.rows import FileRefused

MAPPING = """
type = "Bin"
id = "urn:x:{nr}"
x = "E"
y = "N"
attributes.a = {column = "fill", kind = "number", factor = 1e300, observed = "at"}
attributes.b = {column = "fill", kind = "integer"}
attributes.c = {column = "at", kind = "relationship"}
attributes.d = {column = "nr", kind = "boolean"}
"""
CELLS = st.sampled_from(
    ["1", "-1e300", "1e999", "nan", "ja", "", "a:b", "9" * 5000, "9" * 30, '"', "\x00", "å"]
) | st.text(max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.sampled_from([1e300, "", "x", "1", "a:b"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "coordinates", "nr"]), inner)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@pytest.fixture(scope="module")
def mapping(place) -> FileMapping:
    (place / "m.toml").write_text(MAPPING)
    return read_mapping(place / "m.toml")


def rows_of(path, mapping):
    """Return the rows; each is an entity that JSON can carry, or says what is wrong with it."""
    try:
        found = list(read_rows(path, mapping))
    except FileRefused:
        return []
    for row in found:
        assert (row.entity is None) != (row.bad is None)
        json.dumps(row.entity, allow_nan=False)
        orjson.dumps(row.entity)
    return found


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_mapping_or_refused(place, content):
    path = place / "any.toml"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=r"any\.toml"):
        read_mapping(path)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "\ufeff" + MAPPING, MAPPING + "epsg = 1e400", MAPPING + "delimiter=''"]
)
def test_a_mapping_made_to_be_bad_is_refused(place, text):
    (place / "bad.toml").write_text(text)
    with pytest.raises(FileRefused):
        read_mapping(place / "bad.toml")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=4))
def test_any_cells_of_a_table_become_rows(place, mapping, cells):
    path = place / "t.csv"
    lines = ["nr,E,N,fill,at", *(",".join(line) for line in cells)]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    rows_of(path, mapping)


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES, VALUES)
def test_any_features_become_rows(place, mapping, geometry, nr, fill):
    path = place / "f.geojson"
    feature = {"geometry": geometry, "properties": {"nr": nr, "fill": fill, "at": fill}}
    path.write_bytes(orjson.dumps({"features": [feature, {"geometry": None, "properties": fill}, geometry]}))
    assert len(rows_of(path, mapping)) == 3


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([".csv", ".geojson", ".gpkg", ".json"]))
def test_any_bytes_are_a_file_or_refused(place, mapping, content, ending):
    path = place / f"any{ending}"
    path.write_bytes(content)
    rows_of(path, mapping)

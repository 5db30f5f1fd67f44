"""The indexes of the state against what a scan would find."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.state.column import SortedPairs
from samstad_broker.domain.state.dataset import LOCATION, Dataset
from samstad_broker.domain.state.grid import Grid, box_of
from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_broker.domain.state.record import Record

LEVEL = "https://city.example/level"
BIN, LAMP = "https://city.example/Bin", "https://city.example/Lamp"


def record(sequence: int) -> Record:
    return Record(f"urn:x:{sequence}", sequence, (BIN,), b"{}")


@given(st.lists(st.integers(1, 4000), unique=True, max_size=3000), st.data())
@settings(max_examples=25, deadline=None)
def test_records_stay_in_order_of_creation_and_any_page_is_the_right_one(sequences, data):
    ordered = OrderedRecords()
    records = {sequence: record(sequence) for sequence in sequences}
    for sequence in sequences:
        ordered.add(records[sequence])
    gone = set(data.draw(st.lists(st.sampled_from(sequences), unique=True)) if sequences else [])
    for sequence in gone:
        ordered.remove(records[sequence])
    left = sorted(set(sequences) - gone)
    offset = data.draw(st.integers(0, 3100))
    assert len(ordered) == len(left)
    assert [r.sequence for r in ordered.page(offset, 7)] == left[offset : offset + 7]
    assert [r.sequence for r in ordered.after(offset, 7)] == [s for s in left if s > offset][:7]
    for sequence in gone:
        with pytest.raises(KeyError):
            ordered.remove(records[sequence])


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10_000)), unique=True, max_size=1500),
    st.integers(-1, 51),
    st.integers(-1, 51),
)
@settings(max_examples=40, deadline=None)
def test_sorted_pairs_count_and_give_what_lies_between(pairs, low, high):
    kept = SortedPairs(pairs[::2])
    for pair in pairs[1::2]:
        kept.add(pair)
    for pair in pairs[::3]:
        kept.remove(pair)
    left = sorted(set(pairs) - set(pairs[::3]))
    wanted = [pair[1] for pair in left if (low,) <= pair < (high,)]
    assert kept.count((low,), (high,)) == len(wanted)
    assert list(kept.sequences((low,), (high,))) == wanted
    assert len(list(kept.sequences(None, None))) == len(left)
    with pytest.raises(KeyError):
        kept.remove((99, 1))


def test_many_sorted_pairs_are_counted_about_and_found_exactly():
    kept = SortedPairs([(number % 100, number) for number in range(60_000)])
    for number in range(0, 60_000, 3):
        kept.remove((number % 100, number))
    among = [number for number in range(60_000) if number % 3 and 20 <= number % 100 < 90]
    assert abs(kept.count((20,), (90,)) - len(among)) < len(among) / 10
    assert sorted(kept.sequences((20,), (90,))) == among
    # A narrow span is counted exactly: it is there that one index is chosen over another.
    few = [number for number in among if number % 100 == 20]
    assert kept.count((20,), (21,)) == len(few)
    assert kept.count((90,), (20,)) == 0


points = st.tuples(st.floats(-179.9, 179.9), st.floats(-89, 89))


@given(st.dictionaries(st.integers(1, 99), points, max_size=40), points, st.floats(0.001, 2))
@settings(max_examples=60, deadline=None)
def test_the_grid_misses_nothing_that_touches_the_box(places, centre, width):
    grid = Grid()
    for sequence, (x, y) in places.items():
        grid.put(sequence, {"type": "Point", "coordinates": [x, y]})
    west, south = centre[0], centre[1]
    box = (west, south, west + width, south + width)
    found = grid.near([box])
    inside = {s for s, (x, y) in places.items() if box[0] <= x <= box[2] and box[1] <= y <= box[3]}
    assert found is None or inside <= found
    for sequence in places:
        grid.drop(sequence)
    assert not grid.near([(0.0, 0.0, 0.001, 0.001)])


def test_a_box_goes_around_every_position_of_a_geometry():
    ring = [[16.0, 59.0], [17.0, 59.0], [17.0, 60.0], [16.0, 59.0]]
    assert box_of({"type": "Polygon", "coordinates": [ring]}) == (16.0, 59.0, 17.0, 60.0)
    assert box_of({"type": "Point", "coordinates": [16.0, 59.0]}) != (0.0, 0.0, 0.0, 0.0)


values = st.one_of(st.none(), st.integers(-5, 5), st.sampled_from(["a", "b"]), st.booleans())


def document(entity_id: str, kind: str, value: Any, place: tuple[float, float] | None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": entity_id, "type": [kind]}
    if value is not None:
        made[LEVEL] = [{"type": "Property", "value": value}]
    if place is not None:
        made[LOCATION] = [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": list(place)}}]
    return made


steps = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from(["put", "put", "put", "remove"]),
        st.sampled_from([BIN, LAMP]),
        values,
        st.one_of(st.none(), points),
    ),
    max_size=40,
)


@given(steps)
@settings(max_examples=80, deadline=None)
def test_after_any_changes_the_indexes_are_those_of_a_rebuilt_data_set(changes):
    data = Dataset()
    current: dict[str, tuple[int, dict[str, Any]]] = {}
    for name in (BIN, LAMP):  # columns that writes have to keep
        data.add(document(f"urn:x:{name}", name, 0, None), 1000 + len(name))
        current[f"urn:x:{name}"] = (1000 + len(name), document(f"urn:x:{name}", name, 0, None))
        assert data.types[name].column(LEVEL) is not None
    for sequence, (letter, action, kind, value, place) in enumerate(changes, start=2000):
        entity_id = f"urn:x:{letter}"
        found = data.get(entity_id)
        if action == "remove":
            if found is not None:
                data.remove(found, found.parsed())
                del current[entity_id]
            continue
        after = document(entity_id, kind, value, place)
        if found is None:
            data.add(after, sequence)
            current[entity_id] = (sequence, after)
        else:
            data.change(found, found.parsed(), after)
            current[entity_id] = (found.sequence, after)
    rebuilt = Dataset()
    for sequence, made in sorted(current.values(), key=lambda item: item[0]):
        rebuilt.add(made, sequence)
    assert shape(data) == shape(rebuilt)
    assert "urn:x:nobody" not in data.entities


def shape(data: Dataset) -> Any:
    return {
        "order": [(r.sequence, orjson.loads(r.document)) for r in data.records],
        "types": {
            name: ([r.id for r in bucket.records], dict(bucket.attributes))
            for name, bucket in data.types.items()
        },
        "values": {
            name: (dict(sorted(column.values.items())), len(column.numbers), len(column.texts))
            for name, bucket in data.types.items()
            if (column := bucket.column(LEVEL)) is not None
        },
        "places": data.grids[LOCATION].geometries,
    }

"""Where a thing is on which tile, at every zoom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_console.domain.index import PlaceIndex
from samstad_console.domain.mercator import BITS, MOST_LATITUDE, morton, project, tile_range
from samstad_console.domain.vector_tile import EXTENT

SIDES = st.integers(0, 2**BITS - 1)
LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)
ALL = np.array([True])


def test_known_places_are_where_the_map_has_them():
    assert project(-180, MOST_LATITUDE) == (0, 0)
    assert project(0, 0) == (2**31, 2**31)
    x, y = project(18.0686, 59.3293)  # Stockholm, in tile 10/563/300
    assert (x >> 22, y >> 22) == (563, 301)
    assert project(180, -90) == (2**32 - 1, 2**32 - 1)


@given(x=SIDES, y=SIDES, z=st.integers(0, 24))
def test_a_tile_is_one_run_in_morton_order(x, y, z):
    first, shift = tile_range(z, x >> (BITS - z), y >> (BITS - z))
    assert first <= morton(x, y) < first + (1 << shift)
    outside = (x ^ 1 << (BITS - z)) if z else None
    if outside is not None:
        assert not first <= morton(outside, y) < first + (1 << shift)


@given(places=st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=1, max_size=40), z=st.integers(0, 18))
def test_every_thing_is_in_one_mark_of_the_tile_that_holds_it(places, z):
    index = PlaceIndex()
    tiles = set()
    for row, (longitude, latitude) in enumerate(places):
        index.put(row, longitude=longitude, latitude=latitude, kind=0)
        x, y = project(longitude, latitude)
        tiles.add((x >> (BITS - z), y >> (BITS - z)))
    cells = [cell for x, y in tiles for cell in index.run(z, x, y, ALL).cells()]
    assert sum(cell.things for cell in cells) == len(places)
    assert all(0 <= cell.x < EXTENT and 0 <= cell.y < EXTENT for cell in cells)
    assert not [cell for x, y in tiles for cell in index.run(z, x, y, np.array([False])).cells()]


def test_near_things_are_one_mark_from_afar_and_alone_from_near():
    index = PlaceIndex()
    for row in range(5):
        index.put(row, longitude=18.0 + row * 1e-4, latitude=59.3, kind=0)
    index.conditions[3] = 4
    (cluster,) = index.run(0, 0, 0, ALL).cells()
    assert (cluster.things, cluster.worst) == (5, 4)
    x, y = (number >> BITS - 18 for number in project(18.0, 59.3))
    near = index.run(18, x, y, ALL).cells()
    assert near
    assert {cell.things for cell in near} == {1}


def test_a_tile_shows_the_wished_kinds_alone_and_nothing_that_left():
    index = PlaceIndex()
    index.put(0, longitude=18, latitude=59, kind=0)
    index.put(1, longitude=18, latitude=59, kind=1)
    assert [cell.row for cell in index.run(0, 0, 0, np.array([False, True])).cells()] == [1]
    index.drop(1)
    assert not index.run(0, 0, 0, np.array([False, True])).cells()
    assert not index.put(0, longitude=18, latitude=59, kind=0)
    assert index.put(0, longitude=19, latitude=59, kind=0)


@pytest.mark.parametrize("rows", [10, 3_000])
def test_it_grows_with_what_it_holds(rows):
    index = PlaceIndex()
    for row in range(rows):
        index.put(row, longitude=(row % 360) - 180, latitude=(row % 160) - 80, kind=row % 3)
    assert len(index.rows(np.array([True, True, True]))) == rows
    west, south, east, north = index.bounds(index.rows(np.array([True, False, False])))
    assert -180 <= west < east <= 180
    assert -80 <= south < north <= 80
    assert index.bounds(index.rows(np.array([False, False, False]))) is None

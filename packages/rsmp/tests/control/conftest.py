"""A junction of two streets: stage 0 is the main street, stage 1 the side street."""

from __future__ import annotations

import pytest

from samstad_rsmp.control.adaptive import Head
from samstad_rsmp.control.crossing import Arrival, Crossing, Link, Stage, View

MAIN, SIDE = "SG1", "SG2"


def two_streets(**changes):
    plain = {
        "lanes": 2,
        "links": (Link(0, MAIN), Link(1, SIDE)),
        "stages": (Stage(frozenset({MAIN}), frozenset({0})), Stage(frozenset({SIDE}), frozenset({1}))),
        "min_green_s": {MAIN: 6, SIDE: 6},
        "max_green_s": {MAIN: 60, SIDE: 60},
        "max_red_s": {MAIN: 100, SIDE: 100},
        "intergreen_s": {MAIN: {SIDE: 5}, SIDE: {MAIN: 5}},
    }
    return Crossing(**(plain | changes))


def queue(lane, count, *, first_s=0.0, gap_s=2.0, **more):
    return [Arrival(lane, first_s + n * gap_s, **more) for n in range(count)]


def seen(main=(), side=(), **more):
    return View((list(main), list(side)), **more)


def heads(main=30.0, side=None, *, main_waits=0.0, side_waits=0.0):
    return {MAIN: Head(main, main_waits), SIDE: Head(side, side_waits)}


class Scene:
    crossing = staticmethod(two_streets)
    queue = staticmethod(queue)
    seen = staticmethod(seen)
    heads = staticmethod(heads)


@pytest.fixture(scope="session")
def scene():
    return Scene

from __future__ import annotations

import pytest

from samstad_signals.domain.measures.greens import Change, Green, greens, red_waits, termination


def stream(text):
    return [Change(second, character) for second, character in enumerate(text)]


def test_greens_are_cut_out_of_a_stream_of_states():
    found = greens(stream("AA0111144NNAAAA0144NA"))
    assert found == [Green(3, 9), Green(16, 19)]
    assert red_waits(found) == [7]


def test_a_green_whose_begin_or_end_is_not_seen_is_none():
    assert greens(stream("111NAA011")) == []
    with pytest.raises(ValueError, match="comes after"):
        greens([Change(5, "A"), Change(4, "1")])


def test_how_a_green_ended():
    def end(green, forced_at_s=None):
        return termination(green, minimum_s=6, maximum_s=30, forced_at_s=forced_at_s)

    assert end(Green(0, 12)) == "gapOut"
    assert end(Green(0, 30)) == "maxOut"
    assert end(Green(0, 12), 12) == "forceOff"
    assert end(Green(0, 3), 3) == "cutShort"
    assert end(Green(0, 5)) == "gapOut"  # within what is known of times

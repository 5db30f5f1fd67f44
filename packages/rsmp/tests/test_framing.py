import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_rsmp.framing import Deframer, Oversized

PACKETS = st.lists(
    st.binary(min_size=1, max_size=30).map(lambda b: b.replace(b"\x0c", b"x") + b"}"), max_size=8
)


@given(PACKETS, st.data())
def test_packets_come_out_whole_wherever_the_network_cuts_and_joins(packets, data):
    stream = b"".join(packet + b"\x0c" * data.draw(st.integers(1, 3)) for packet in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    deframer = Deframer()
    found = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += deframer.feed(stream[begin:end])
    assert found == packets
    assert deframer.pending_bytes == 0


def test_form_feeds_before_the_first_packet_and_blank_packets_are_no_packets():
    assert Deframer().feed(b"\x0c\x0c{}\x0c\n\x0c") == [b"{}"]


def test_a_packet_without_an_end_costs_no_more_than_the_bound_and_is_told_once():
    deframer = Deframer(max_packet_bytes=10)
    for _ in range(100):
        assert deframer.feed(b"xxxxxxx") == []
        assert deframer.pending_bytes <= 10
    assert deframer.feed(b"\x0c{}\x0c") == [Oversized(700), b"{}"]


@pytest.mark.parametrize("size", [11, 1000])
def test_a_long_packet_in_one_chunk_is_dropped_and_its_neighbours_are_not(size):
    long = b"x" * size
    assert Deframer(max_packet_bytes=10).feed(b"{}\x0c" + long + b"\x0c[]\x0c") == [
        b"{}",
        Oversized(size),
        b"[]",
    ]

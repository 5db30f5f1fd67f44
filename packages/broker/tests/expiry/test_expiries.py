"""The index of expiries against a plain table of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.expiry import NEVER_US
from samstad_broker.domain.state.expiries import Bell, Expiries
from samstad_ngsild.entities.dates import iso

SECOND = 1_000_000
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("follow"), st.integers(1, 6), st.one_of(st.none(), st.integers(0, 20))),
        st.tuples(st.just("drop"), st.integers(1, 6), st.none()),
        st.tuples(st.just("due"), st.integers(0, 20), st.integers(1, 4)),
    ),
    max_size=60,
)


def document(second: int | None) -> tuple[bytes, dict]:
    made = {"id": "urn:x:1", "type": ["T"]}
    if second is None:
        return b"{}", made
    return b'{"expiresAt":1}', {**made, "expiresAt": iso(second * SECOND)}


@settings(max_examples=100)
@given(ACTS)
def test_what_is_due_is_what_a_table_says(acts):
    rung = 0

    def ring() -> None:
        nonlocal rung
        rung += 1

    bell = Bell()
    bell.ring = ring
    expiries = Expiries(bell)
    table: dict[int, int] = {}
    for act, one, other in acts:
        if act == "follow":
            earliest = min(table.values(), default=NEVER_US)
            before, stale = rung, expiries.first_us < earliest
            expiries.follow(one, *document(other))
            table.pop(one, None)
            if other is not None:
                table[one] = other * SECOND
                assert rung > before or stale or table[one] >= earliest
        elif act == "drop":
            expiries.drop(one)
            table.pop(one, None)
        else:
            due = expiries.due(one * SECOND, most=other)
            wanted = sorted(at for at in table.values() if at <= one * SECOND)[:other]
            assert [table[sequence] for sequence in due] == wanted
            assert len(set(due)) == len(due)
        assert expiries.first_us <= min(table.values(), default=NEVER_US)
        assert len(expiries) == len(table)
        assert all(expiries.at_us(sequence) == table.get(sequence, NEVER_US) for sequence in range(1, 7))


def test_nothing_counts_in_a_snapshot():
    expiries = Expiries(counts=False)
    expiries.follow(1, *document(5))
    assert expiries.first_us == NEVER_US
    assert expiries.due(NEVER_US - 1, most=9) == []

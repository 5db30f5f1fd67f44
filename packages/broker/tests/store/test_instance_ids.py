"""Instance ids name a place in the log, and the place is found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.domain.instance_ids import instance_id, instance_place, written_instances
from samstad_broker.domain.rows import Position

numbers = st.integers(min_value=0, max_value=2**60)


def test_the_id_holds_epoch_number_and_ordinal():
    assert instance_id(Position(2, 17), 3) == "urn:ngsi-ld:AttributeInstance:2-17-3"


@given(numbers, numbers, numbers)
def test_an_id_gives_its_place_back(epoch, number, ordinal):
    assert instance_place(instance_id(Position(epoch, number), ordinal)) == ((epoch, number), ordinal)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urn:ngsi-ld:AttributeInstance:",
        "urn:ngsi-ld:AttributeInstance:1-2",
        "urn:ngsi-ld:AttributeInstance:1-2-3-4",
        "urn:ngsi-ld:AttributeInstance:01-2-3",
        "urn:ngsi-ld:AttributeInstance:1-2-٣",
        "urn:ngsi-ld:AttributeInstance:1--3",
        "urn:ngsi-ld:Streetlight:1-2-3",
    ],
)
def test_what_this_node_cannot_have_given_has_no_place(text):
    assert instance_place(text) is None


def test_the_ordinal_counts_what_the_row_repeats_but_the_repetition_is_no_observation():
    kept, new = {"type": "Property", "value": 1, "datasetId": "urn:a"}, {"type": "Property", "value": 2}
    payload = {"set": {"level": [new, kept], "gone": [], "power": [new]}, "before": {"level": [kept]}}
    written = list(written_instances(payload))
    assert written == [(0, "level", new), (2, "power", new)]


def test_a_late_observation_has_no_before():
    assert [entry.ordinal for entry in written_instances({"set": {"level": [{"value": 1}]}})] == [0]

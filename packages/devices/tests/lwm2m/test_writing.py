"""What is written is read again as the same, in every form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.lwm2m.values import SENML_CBOR, SENML_JSON, TLV, read_values
from samstad_devices.domain.lwm2m.writing import write_form


@given(
    st.sampled_from([SENML_CBOR, SENML_JSON, TLV]),
    st.fixed_dictionaries(
        {
            1: st.integers(-(2**53), 2**53),
            5: st.booleans(),
            15: st.floats(-1e9, 1e9),
            17: st.text(max_size=40),
        }
    ),
)
def test_a_value_survives_its_form(form, values):
    values[3] = values.pop(17)  # a text of another object
    path = "/3435/0"
    told = {15: values[3], 5: values[5], 14: values[1], 16: values[15]}
    read = read_values(write_form(path, told, form=form), content_format=form, path=path)
    assert read == {f"{path}/{number}": value for number, value in told.items()}


def test_what_has_another_type_is_refused_in_every_form():
    for form in (SENML_CBOR, SENML_JSON, TLV):
        with pytest.raises(MessageRefused, match="type 'i'"):
            write_form("/3416/0", {1: "on"}, form=form)
    with pytest.raises(MessageRefused, match="no form"):
        write_form("/3416/0", {1: 1}, form=40)

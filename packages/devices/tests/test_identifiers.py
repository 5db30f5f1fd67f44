"""One canonical text for each identifier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import IdentifierRefused
from samstad_devices.domain.identifiers import KINDS, eui64, identifier


@pytest.mark.parametrize(
    "text", ["a84041000181c061", "A8-40-41-00-01-81-C0-61", "a8:40:41:00:01:81:c0:61", "A840 4100 0181 C061"]
)
def test_a_deveui_is_the_same_however_it_is_written(text):
    assert identifier("devEUI", text) == ("devEUI", "A84041000181C061")


@pytest.mark.parametrize("text", ["", "a84041000181c06", "a84041000181c0611", "a84041000181c06g", "é" * 16])
def test_what_is_no_eui_is_refused(text):
    with pytest.raises(IdentifierRefused, match="16 hexadecimal digits"):
        eui64(text)


def test_an_imei_checks_its_own_digits():
    assert identifier("imei", "49-015420-323751-8").text == "490154203237518"
    with pytest.raises(IdentifierRefused):
        identifier("imei", "490154203237519")


def test_a_plain_identifier_is_bounded_and_printable():
    assert str(identifier("serialNumber", " SN 12/7 ")) == "serialNumber:SN 12/7"
    for text in ("", " ", "x" * 129, "a\nb", "å"):
        with pytest.raises(IdentifierRefused):
            identifier("serialNumber", text)


def test_an_unknown_kind_says_which_there_are():
    with pytest.raises(IdentifierRefused, match="devEUI, imei"):
        identifier("bluetooth", "x")


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=40))
def test_a_canonical_text_is_its_own_canonical_text(kind, text):
    try:
        found = identifier(kind, text)
    except IdentifierRefused as refused:
        assert refused.detail  # noqa: PT017 - both ends are allowed
    else:
        assert identifier(kind, found.text) == found

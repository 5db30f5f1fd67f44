"""Words of ours stand in the city's vocabulary, with texts for people, and no other word looks like them."""

from __future__ import annotations

from samstad_devices.domain.names import CLAIM, CONTRACT, IDENTIFIERS, PROFILE
from samstad_models.catalogue import load_catalogue


def test_each_word_of_devices_is_in_the_vocabulary():
    types = load_catalogue().types
    of_device = {one.iri: one for one in types["Device"].attributes}
    of_model = {one.iri: one for one in types["DeviceModel"].attributes}
    assert {IDENTIFIERS, CONTRACT, CLAIM} <= set(of_device)
    assert of_device[IDENTIFIERS].many
    assert of_device[CLAIM].privacy == "internal"
    assert of_model[PROFILE].kind == "JsonProperty"
    assert PROFILE not in of_device

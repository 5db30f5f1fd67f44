"""Versions of one entity from several sources become one (clauses 4.5.5.2, 4.5.5.3 and 4.18)."""

import copy

import pytest

from samstad_ngsild.context import CORE
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.entities.expand import expand_entity
from samstad_ngsild.merge import combine_versions

EARLY = "2026-11-25T01:00:00.000000Z"
LATE = "2026-11-25T02:00:00.000000Z"
NOW_US = parse_datetime("2026-11-25T03:00:00Z")
FUTURE = "2026-11-26T00:00:00Z"
FURTHER = "2026-11-27T00:00:00,5Z"
D = "https://uri.etsi.org/ngsi-ld/default-context/"


def version(now=EARLY, **members):
    body = {"id": "urn:x:1", "type": "Lamp", **members}
    return expand_entity(body, CORE, now=now)


def combined(*versions):
    before = copy.deepcopy(versions)
    document = combine_versions(versions, now_us=NOW_US)
    assert versions == before
    return document


def test_attributes_types_and_scopes_are_joined():
    document = combined(version(scope="/a", a=1), version(LATE, type="Pole", scope=["/b", "/a"], b=2))
    assert document["type"] == [D + "Lamp", D + "Pole"]
    assert document["scope"] == ["/a", "/b"]
    assert (document["createdAt"], document["modifiedAt"]) == (EARLY, LATE)
    assert document[D + "a"][0]["value"] == 1
    assert document[D + "b"][0]["value"] == 2
    assert "expiresAt" not in document


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ({"value": 1, "observedAt": EARLY}, {"value": 2, "observedAt": LATE}, 2),
        ({"value": 1, "observedAt": LATE}, {"value": 2, "observedAt": EARLY}, 1),
        ({"value": 1, "observedAt": EARLY}, {"value": 2}, 1),
        ({"value": 1}, {"value": 2}, 2),
        ({"value": 1, "observedAt": EARLY}, {"value": 2, "observedAt": LATE, "expiresAt": LATE}, 1),
    ],
)
def test_of_rivals_the_most_recent_that_has_not_expired_is_taken(first, second, value):
    document = combined(version(EARLY, a=first), version(LATE, a=second))
    assert [item["value"] for item in document[D + "a"]] == [value]


def test_instances_with_other_dataset_ids_are_no_rivals():
    document = combined(version(a={"value": 1, "datasetId": "urn:d:a"}), version(a={"value": 2}))
    assert [item["value"] for item in document[D + "a"]] == [2, 1]


def test_an_attribute_that_has_expired_everywhere_is_gone():
    assert D + "a" not in combined(version(a={"value": 1, "expiresAt": EARLY}))


def test_an_entity_expires_with_its_last_version_and_hands_its_end_down():
    document = combined(
        version(expiresAt=FUTURE, a=1, b={"value": 1, "expiresAt": FURTHER}), version(expiresAt=FURTHER, c=1)
    )
    assert document["expiresAt"] == FURTHER
    assert document[D + "a"][0]["expiresAt"] == FUTURE
    assert document[D + "b"][0]["expiresAt"] == FUTURE
    assert document[D + "c"][0]["expiresAt"] == FURTHER
    lasting = combined(version(expiresAt=FUTURE, a=1), version(c=1))
    assert "expiresAt" not in lasting
    assert lasting[D + "a"][0]["expiresAt"] == FUTURE
    assert "expiresAt" not in lasting[D + "c"][0]

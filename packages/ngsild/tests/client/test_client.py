"""The client's requests as the standard wants them, and a broker's answers as a service is told of them."""

from __future__ import annotations

import orjson
import pytest

from samstad_ngsild.client import (
    Answer,
    Ask,
    Client,
    NotAllowed,
    Overloaded,
    Refused,
    Selection,
    Unreadable,
)
from samstad_ngsild.errors import BadRequestData, ResourceNotFound

CONTEXT = "https://city.example/context.jsonld"


class Told:
    """A transport that answers what it was told to."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Ask] = []

    async def send(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        return self.answers.pop(0)

    async def close(self) -> None: ...


def answer(status: int, body=None, **headers: str) -> Answer:
    return Answer(status, headers, b"" if body is None else orjson.dumps(body))


def problem(status: int, name: str, **members) -> Answer:
    return answer(status, {"type": f"https://uri.etsi.org/ngsi-ld/errors/{name}", **members})


async def test_short_names_travel_with_a_link_to_the_context():
    told = Told(answer(201))
    await Client(told, context=CONTEXT, tenant="roads").create({"id": "urn:a", "type": "Lamp"})
    asked = told.asked[0]
    assert (asked.method, asked.path) == ("POST", "/entities")
    assert asked.headers["Link"].startswith(f"<{CONTEXT}>;")
    assert asked.headers["NGSILD-Tenant"] == "roads"
    assert asked.headers["Content-Type"] == "application/json"


async def test_a_body_with_its_own_context_is_sent_as_json_ld_without_a_link():
    told = Told(answer(201))
    await Client(told, context=CONTEXT).create({"id": "urn:a", "type": "Lamp", "@context": CONTEXT})
    assert "Link" not in told.asked[0].headers
    assert told.asked[0].headers["Content-Type"] == "application/ld+json"


def entities(*numbers: int) -> Answer:
    return answer(200, [{"id": f"urn:{number}"} for number in numbers])


async def test_every_page_of_a_query_is_read_and_none_too_many():
    told = Told(entities(1, 2, 3), entities(3, 4))
    selection = Selection(type="Lamp", q="level>5", pick=("id",), format="concise")
    found = [one["id"] async for one in Client(told, page=3).query(selection)]
    assert found == ["urn:1", "urn:2", "urn:3", "urn:4"]
    assert told.asked[1].query == [
        ("type", "Lamp"),
        ("q", "level>5"),
        ("pick", "id"),
        ("format", "concise"),
        ("limit", "3"),
        ("offset", "2"),
    ]


async def test_nothing_is_left_out_when_entities_are_deleted_between_two_pages():
    told = Told(entities(1, 2, 3, 4), entities(6, 7, 8), entities(2, 5, 6, 7), entities(7, 8))
    found = [one["id"] async for one in Client(told, page=4).query(Selection(type="Lamp"))]
    assert found == ["urn:1", "urn:2", "urn:3", "urn:4", "urn:5", "urn:6", "urn:7", "urn:8"]
    assert [dict(ask.query).get("offset") for ask in told.asked] == [None, "3", "1", "4"]


async def test_a_count_asks_for_no_entities():
    told = Told(answer(200, [], **{"ngsild-results-count": "7"}), answer(200, []))
    client = Client(told)
    assert await client.count(Selection(type="Lamp")) == 7
    assert ("limit", "0") in told.asked[0].query
    with pytest.raises(Unreadable, match="Results-Count"):
        await client.count(Selection(type="Lamp"))


async def test_a_large_batch_goes_in_parts_and_its_outcome_is_one():
    refused = {"entityId": "urn:3", "error": {"type": "about:blank", "detail": "no", "status": 400}}
    told = Told(
        answer(201, ["urn:1"]),
        answer(207, {"success": ["urn:4"], "errors": [refused]}),
        answer(204),
    )
    entities = [{"id": f"urn:{number}", "type": "Lamp"} for number in range(1, 6)]
    outcome = await Client(told, batch=2).upsert(entities)
    assert (outcome.created, outcome.updated) == (["urn:1"], ["urn:2", "urn:4", "urn:5"])
    assert [one.entity_id for one in outcome.failed] == ["urn:3"]
    assert str(outcome.failed[0].error) == "no"


async def test_a_problem_of_the_standard_is_the_same_error_as_inside_the_broker():
    told = Told(problem(400, "BadRequestData", detail="level is no number", pointer="/level/value"))
    with pytest.raises(BadRequestData, match="level is no number") as caught:
        await Client(told).create({"id": "urn:a", "type": "Lamp"})
    assert caught.value.pointer == "/level/value"


@pytest.mark.parametrize(
    ("status", "error"), [(401, NotAllowed), (403, NotAllowed), (429, Overloaded), (503, Overloaded)]
)
async def test_what_the_standard_does_not_name_has_errors_of_the_client(status, error):
    with pytest.raises(error):
        await Client(Told(answer(status))).types()


async def test_another_problem_keeps_its_type_and_status():
    told = Told(answer(507, {"type": "https://x.example/problems/disk", "detail": "The disk is full."}))
    with pytest.raises(Refused, match="disk is full") as caught:
        await Client(told).create({"id": "urn:a", "type": "Lamp"})
    assert (caught.value.status, caught.value.type) == (507, "https://x.example/problems/disk")


async def test_nothing_found_is_none_and_not_an_error():
    told = Told(problem(404, "ResourceNotFound"), problem(404, "ResourceNotFound"))
    client = Client(told)
    assert await client.find("urn:a") is None
    with pytest.raises(ResourceNotFound):
        await client.retrieve("urn:a")


async def test_an_answer_that_is_no_json_is_told_as_such():
    with pytest.raises(Unreadable, match="no JSON"):
        await Client(Told(Answer(200, {}, b"<html>"))).retrieve("urn:a")


async def test_a_subscription_that_exists_is_changed_to_be_the_one_that_is_wanted():
    wanted = {"id": "urn:s", "type": "Subscription", "entities": [{"type": "Lamp"}]}
    told = Told(problem(409, "AlreadyExists"), answer(204))
    await Client(told).ensure_subscription(wanted)
    changed = told.asked[1]
    assert (changed.method, changed.path) == ("PATCH", "/subscriptions/urn%3As")
    assert orjson.loads(changed.body) == {"entities": [{"type": "Lamp"}]}


async def test_ids_and_names_cannot_leave_their_place_in_the_path():
    told = Told(answer(204))
    await Client(told).delete_attribute("urn:a/../b?x", "https://names.example/level")
    assert told.asked[0].path == "/entities/urn%3Aa%2F..%2Fb%3Fx/attrs/https%3A%2F%2Fnames.example%2Flevel"

"""What annex A asks of brokers that ask each other (clauses 4.3.2 to 4.3.6, 6.3.17 to 6.3.19)."""

from __future__ import annotations

import pytest

KERB = "urn:ngsi-ld:Kerb:1"
CITY = "https://city.example/context.jsonld"


def prop(value, **more):
    return {"type": "Property", "value": value, **more}


async def register(city, kind="Kerb", endpoint="http://parks.example", **more):
    body = {
        "type": "ContextSourceRegistration",
        "endpoint": endpoint,
        "contextSourceAlias": endpoint.removeprefix("http://").removesuffix(".example"),
        "information": [{"entities": [{"type": kind}]}],
        **more,
    }
    answer = await city.ask("POST", "/csourceRegistrations", body)
    assert answer.status == 201, answer.raw


@pytest.mark.shows("FEDERATED", "INCLUSIVECSR")
async def test_brokers_answer_together_with_the_latest_of_each_attribute(city, parks):
    old, new = "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z"
    await city.put({"id": KERB, "type": "Kerb", "h": prop(1, observedAt=old), "ours": prop(1)})
    await parks.put({"id": KERB, "type": "Kerb", "h": prop(2, observedAt=new), "theirs": prop(1)})
    await register(city)
    seen = await city.seen(KERB)
    assert seen["h"]["value"] == 2
    assert {"ours", "theirs"} < seen.keys()
    listed = await city.get("/entities?type=Kerb&count=true")
    assert [one["id"] for one in listed.body] == [KERB]
    assert listed.headers["ngsild-results-count"] == "1"
    assert "theirs" not in await city.seen(KERB, "local=true")


@pytest.mark.shows("DISTRIBUTED", "REDIRECTCSR")
async def test_data_stay_at_the_source_that_a_redirect_names(city, parks):
    await register(city, mode="redirect", operations=["redirectionOps"])
    answer = await city.ask("POST", "/entities", {"id": KERB, "type": "Kerb", "h": prop(1)})
    assert answer.status == 201
    assert (await city.get(f"/entities/{KERB}?local=true")).status == 404
    assert (await parks.seen(KERB))["h"]["value"] == 1
    assert (await city.ask("DELETE", f"/entities/{KERB}")).status == 204
    assert (await parks.get(f"/entities/{KERB}")).status == 404


@pytest.mark.shows("EXCLUSIVECSR")
async def test_an_exclusive_source_alone_holds_its_attributes(city, parks):
    about = [{"entities": [{"id": KERB, "type": "Kerb"}], "propertyNames": ["h"]}]
    await register(city, mode="exclusive", operations=["createEntity", "retrieveOps"], information=about)
    await city.ask("POST", "/entities", {"id": KERB, "type": "Kerb", "h": prop(1), "name": prop("x")})
    assert "h" not in await city.seen(KERB, "local=true")
    assert "name" not in await parks.seen(KERB)
    assert {"h", "name"} < (await city.seen(KERB)).keys()
    refused = await city.ask("PATCH", f"/entities/{KERB}/attrs/h", {"type": "Property", "value": 2})
    assert (refused.status, refused.problem) == (409, "Conflict")
    assert (await parks.seen(KERB))["h"]["value"] == 1


@pytest.mark.shows("AUXILIARYCSR")
async def test_an_auxiliary_source_adds_what_is_missing_and_takes_no_writes(city, parks):
    await city.put({"id": KERB, "type": "Kerb", "h": prop(1)})
    await parks.put({"id": KERB, "type": "Kerb", "h": prop(9), "wet": prop(1)})
    await register(city, mode="auxiliary", operations=["retrieveOps"])
    seen = await city.seen(KERB)
    assert (seen["h"]["value"], seen["wet"]["value"]) == (1, 1)
    await city.ask("PATCH", f"/entities/{KERB}/attrs", {"h": prop(3)})
    assert (await parks.seen(KERB))["h"]["value"] == 9


@pytest.mark.shows("LOCAL")
async def test_local_asks_nobody_and_so_does_a_source_that_is_told_to_stay_local(city, parks, streets):
    await register(city, management={"localOnly": True})
    await city.get("/entities?type=Kerb&local=true")
    await city.get(f"/entities/{KERB}?local=true")
    assert streets.sent == []
    await city.get("/entities?type=Kerb")
    assert "local=true" in streets.sent[0].url
    assert parks.broker.forwarder.tenants == {}


@pytest.mark.shows("LOOP_DETECTION", "HTTP_LOOP_DETECTION")
async def test_a_circle_of_registrations_ends(city, parks, streets):
    await city.put({"id": KERB, "type": "Kerb", "h": prop(1)})
    await register(city, contextSourceAlias="x", mode="inclusive")
    await register(parks, endpoint="http://city.example", contextSourceAlias="y")
    answer = await city.get(f"/entities/{KERB}")
    assert (answer.status, answer.headers["ngsild-warning"][:3]) == (200, "199")
    assert [sent.headers["Via"] for sent in streets.sent] == ["1.1 city", "1.1 city, 1.1 parks"]
    looped = await city.get(f"/entities/{KERB}", via="1.1 city")
    assert (looped.status, looped.problem) == (508, "LoopDetected")


@pytest.mark.shows("EXTRACS", "HTTP_EXTRA_INFO")
@pytest.mark.usefixtures("parks")
async def test_a_source_is_told_what_its_registration_says(city, streets):
    told = [
        {"key": "X-Purpose", "value": "winter"},
        {"key": "X-Trip", "value": "urn:ngsi-ld:request"},
        {"key": "NGSILD-Tenant", "value": "elsewhere"},
    ]
    await register(city, contextSourceInfo=told, tenant="water")
    await city.get("/entities?type=Kerb", x_trip="7")
    sent = streets.sent[0].headers
    assert (sent["X-Purpose"], sent["X-Trip"], sent["NGSILD-Tenant"]) == ("winter", "7", "water")
    await city.get("/entities?type=Kerb")
    assert "X-Trip" not in streets.sent[1].headers


@pytest.mark.shows("PROCESSCS")
@pytest.mark.usefixtures("parks")
async def test_a_source_is_asked_in_the_context_and_the_form_that_it_wants(city, streets):
    told = [{"key": "jsonldContext", "value": CITY}, {"key": "accept", "value": "application/ld+json"}]
    brand, car = "https://cars.example/brand", "https://cars.example/Car"
    everything = ["federationOps", "redirectionOps"]
    about = [{"entities": [{"type": car}]}]
    await register(city, contextSourceInfo=told, mode="redirect", operations=everything, information=about)
    body = {"@context": {"make": brand, "Wagon": car}, "id": "urn:c:1", "type": "Wagon", "make": prop("x")}
    assert (await city.ask("POST", "/entities", body)).status == 201
    sent = streets.sent[-1]
    assert (sent.headers["Content-Type"], sent.headers["Accept"]) == ("application/json", "application/json")
    assert b'"brand"' in sent.body
    assert b"@context" not in sent.body
    assert CITY in sent.headers["Link"]
    found = await city.get(f"/entities?type={car}")
    assert [one[brand]["value"] for one in found.body] == ["x"]
    assert streets.sent[-1].headers["Accept"] == "application/ld+json"
    assert "type=Car" in streets.sent[-1].url


@pytest.mark.shows("DISTRIBUTED")
@pytest.mark.usefixtures("parks")
async def test_a_source_that_cannot_be_reached_costs_a_warning_and_no_answer_of_others(city):
    await city.put({"id": KERB, "type": "Kerb", "h": prop(1)})
    await register(city, endpoint="http://nowhere.example")
    await register(city)
    answer = await city.get("/entities?type=Kerb")
    assert (answer.status, len(answer.body)) == (200, 1)
    assert answer.headers["ngsild-warning"].startswith("199 ")


@pytest.mark.shows("EXTRACS")
async def test_what_a_source_is_told_is_shown_only_to_who_may_register_it(city):
    await register(city, contextSourceInfo=[{"key": "X-API-Key", "value": "secret"}])
    (own,) = (await city.get("/csourceRegistrations?type=Kerb")).body
    assert own["contextSourceInfo"][0]["value"] == "secret"
    seen = await city.get("/csourceRegistrations?type=Kerb", authorization="reader")
    assert len(seen.body) == 1
    assert b"secret" not in seen.raw
    one = await city.get(f"/csourceRegistrations/{own['id']}", authorization="reader")
    assert (one.status, b"secret" in one.raw) == (200, False)


@pytest.mark.shows("DISTRIBUTED")
async def test_types_and_attributes_are_those_of_all_that_are_registered(city, parks):
    await city.put({"id": KERB, "type": "Kerb", "h": prop(1)})
    await parks.put(
        {"id": KERB, "type": "Kerb", "w": prop(1)}, {"id": "urn:s:1", "type": "Secret", "x": prop(1)}
    )
    await register(city)
    assert (await city.get("/types")).body["typeList"] == ["Kerb"]
    (kerb,) = (await city.get("/types?details=true")).body
    assert kerb["attributeNames"] == ["h", "w"]
    assert (await city.get("/attributes")).body["attributeList"] == ["h", "w"]
    assert (await city.get("/attributes?local=true")).body["attributeList"] == ["h"]
    await register(city, endpoint="http://nowhere.example")
    assert (await city.get("/types")).headers["ngsild-warning"].startswith("199 ")


@pytest.mark.shows("FEDERATED")
async def test_a_registration_tells_how_its_source_answers(city, parks, streets):
    await register(city)
    assert "timesSent" not in (await city.get("/csourceRegistrations?type=Kerb")).body[0]
    await city.get("/entities?type=Kerb")
    (told,) = (await city.get("/csourceRegistrations?type=Kerb")).body
    assert (told["status"], told["timesSent"], told["timesFailed"]) == ("ok", 1, 0)
    assert "lastFailure" not in told
    streets.cities.pop(parks.broker.alias)
    await city.get("/entities?type=Kerb")
    (told,) = (await city.get("/csourceRegistrations?type=Kerb")).body
    assert (told["status"], told["timesSent"], told["timesFailed"]) == ("failed", 2, 1)
    assert told["lastFailure"] > told["lastSuccess"]


@pytest.mark.shows("PROCESSCS")
async def test_a_source_is_written_to_in_the_media_type_and_the_version_that_it_speaks(city, parks, streets):
    told = [
        {"key": "contentType", "value": "application/ld+json"},
        {"key": "ngsildConformance", "value": "1.3"},
    ]
    await register(city, contextSourceInfo=told, mode="redirect", operations=["redirectionOps"])
    body = {"id": KERB, "type": "Kerb", "text": {"type": "LanguageProperty", "languageMap": {"sv": "kant"}}}
    assert (await city.ask("POST", "/entities", body)).status == 201
    sent = streets.sent[-1]
    assert sent.headers["Content-Type"] == "application/ld+json"
    assert "Link" not in sent.headers
    assert b"@context" in sent.body
    assert (await parks.seen(KERB))["text"]["type"] == "Property"
    wrong = [{"key": "ngsildConformance", "value": "newest"}]
    refused = {
        "type": "ContextSourceRegistration",
        "endpoint": "http://x.example",
        "contextSourceInfo": wrong,
    }
    answer = await city.ask(
        "POST", "/csourceRegistrations", {**refused, "information": [{"entities": [{"type": "A"}]}]}
    )
    assert (answer.status, answer.problem) == (400, "BadRequestData")

"""What all operations share (clauses 5.5 and 6.3): errors, pages, tenants, contexts, media types."""

from __future__ import annotations

import pytest

LAMP = "urn:ngsi-ld:Lamp:1"
CITY = "https://city.example/context.jsonld"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"
LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def lamp(number: int = 1, **attributes) -> dict:
    return {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", **attributes}


def prop(value, **more) -> dict:
    return {"type": "Property", "value": value, **more}


@pytest.mark.shows("COMMONERRTYPES", "ERROR_PAYLOAD", "HTTP_ERROR_TYPES", "HTTP_ERRORS")
@pytest.mark.parametrize(
    ("request_line", "body", "status", "problem"),
    [
        ("POST /entities", b"{", 400, "InvalidRequest"),
        ("POST /entities", {"id": "no uri", "type": "Lamp"}, 400, "BadRequestData"),
        ("POST /entities", lamp(), 409, "AlreadyExists"),
        ("GET /entities/urn:none", None, 404, "ResourceNotFound"),
        ("GET /entities?type=Lamp&q=level>>3", None, 400, "BadRequestData"),
        ("GET /entities?type=Lamp&limit=100000", None, 403, "TooManyResults"),
    ],
)
async def test_errors_have_their_type_title_status_and_a_detail(city, request_line, body, status, problem):
    await city.put(lamp())
    answer = await city.ask(*request_line.split(" "), body)
    assert (answer.status, answer.problem) == (status, problem)
    assert answer.headers["content-type"] == "application/json"
    assert answer.body["type"].startswith("https://uri.etsi.org/ngsi-ld/errors/")
    assert answer.body["title"]
    assert len(answer.body["detail"]) > 10


@pytest.mark.shows("NGSILD_VALIDATION", "HTTP_RESOURCES")
async def test_what_is_no_ngsi_ld_is_refused_where_it_is_wrong(city):
    for wrong, pointer in (
        ({"a": {"type": "Property"}}, "/a"),
        ({"a": {"type": "Relationship", "object": "no uri"}}, "/a/object"),
        ({"a": {"type": "Nothing", "value": 1}}, "/a/type"),
        ({"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": []}}}, "/location"),
    ):
        answer = await city.ask("POST", "/entities", lamp(**wrong))
        assert answer.status == 400
        assert answer.body["pointer"].startswith(pointer)
    assert (await city.get("/nothing")).status == 404
    assert (await city.ask("PATCH", "/entities", {})).status == 405


@pytest.mark.shows("HTTP_PRECOND")
async def test_media_types_that_the_binding_does_not_know_are_refused(city):
    wrong = await city.ask("POST", "/entities", lamp(), content_type="text/plain")
    assert wrong.status == 415
    assert (await city.get("/entities?type=Lamp", accept="text/html")).status == 406


@pytest.mark.shows("HTTP_COMMON", "HTTP_CONTEXT_RESOLV")
async def test_the_context_of_an_answer_stands_inside_or_in_a_link(city):
    await city.put(lamp())
    as_json = await city.get(f"/entities/{LAMP}", link=LINK.format(CITY))
    assert CITY in as_json.headers["link"]
    as_ld = await city.get(f"/entities/{LAMP}", accept="application/ld+json", link=LINK.format(CITY))
    assert "link" not in as_ld.headers
    assert CITY in str(as_ld.body["@context"])
    both = await city.ask(
        "POST", "/entities", {**lamp(2), "@context": CITY}, link=LINK.format(CITY),
    )  # fmt: skip
    assert both.status == 400
    away = await city.ask("POST", "/entities", {**lamp(3), "@context": "https://gone.example/c"})
    assert (away.status, away.problem) in {(503, "LdContextNotAvailable"), (504, "LdContextNotAvailable")}
    await city.get(f"/entities/{LAMP}", link=LINK.format(CORE + "-v1.8.jsonld"))
    assert not [url for url in city.web.asked if url.startswith(CORE)], "core contexts are never fetched"


@pytest.mark.shows("PAGINATION", "HTTP_PAGINATION_LIMIT", "HTTP_COUNT_RESULTS")
async def test_pages_lead_to_each_other_and_the_count_is_of_all(city):
    await city.put(*(lamp(number) for number in range(1, 6)))
    first = await city.get("/entities?type=Lamp&limit=2&count=true")
    assert first.headers["ngsild-results-count"] == "5"
    assert 'rel="next"' in first.headers["link"]
    ids: list[str] = []
    for offset in (0, 2, 4):
        ids += [one["id"] for one in (await city.get(f"/entities?type=Lamp&limit=2&offset={offset}")).body]
    assert sorted(ids) == [f"urn:ngsi-ld:Lamp:{number}" for number in range(1, 6)]
    none = await city.get("/entities?type=Lamp&limit=0&count=true")
    assert (none.body, none.headers["ngsild-results-count"]) == ([], "5")
    assert (await city.get("/entities?type=Lamp&limit=0")).status == 400
    assert (await city.get("/entities?type=Lamp&limit=-1")).status == 400


@pytest.mark.shows("MULTITENANT")
async def test_tenants_see_nothing_of_each_other(city):
    await city.put(lamp())
    answer = await city.ask("POST", "/entities", lamp(), NGSILD_Tenant="water", ngsild_tenant="water")
    assert (answer.status, answer.headers["ngsild-tenant"]) == (201, "water")
    await city.ask("DELETE", f"/entities/{LAMP}", ngsild_tenant="water")
    assert (await city.get(f"/entities/{LAMP}")).status == 200
    unknown = await city.get(f"/entities/{LAMP}", ngsild_tenant="nowhere")
    assert (unknown.status, unknown.problem) == (404, "NonexistentTenant")


@pytest.mark.shows("SAME_ENTITY_IN_ARRAY")
async def test_of_several_instances_of_an_entity_in_a_batch_the_last_one_counts(city):
    await city.put(lamp(level=prop(1), a=prop(1)), lamp(level=prop(2)))
    assert await city.seen(LAMP) == lamp(level=prop(2))


@pytest.mark.shows("JSONLD_MERGE_PATCH", "MERGE_PATCH")
async def test_a_merge_changes_what_it_names_and_deletes_what_it_nulls(city):
    await city.put(lamp(level=prop(1, unitCode="P1"), name=prop({"sv": "a", "en": "b"}), old=prop(1)))
    fragment = {"level": {"value": 2}, "name": prop({"en": "urn:ngsi-ld:null"}), "old": "urn:ngsi-ld:null"}
    assert (await city.ask("PATCH", f"/entities/{LAMP}", fragment)).status == 204
    assert await city.seen(LAMP) == lamp(level=prop(2, unitCode="P1"), name=prop({"sv": "a"}))
    wrong = await city.ask("PATCH", f"/entities/{LAMP}", {"id": "urn:other"})
    assert wrong.status == 400


@pytest.mark.shows("BROADER_QUERIES", "LOCAL")
async def test_a_query_of_everything_is_local_and_cannot_be_otherwise(city):
    await city.put(lamp(), {"id": "urn:x:bin", "type": "Bin"})
    for query in ("local=true", "type=*"):
        assert len((await city.get(f"/entities?{query}")).body) == 2
    assert (await city.get("/entities?type=*&local=false")).status == 400


@pytest.mark.shows("HTTP_INVALID_PARAMS")
@pytest.mark.parametrize(
    "query", ["typ=Lamp", "type=Lamp&georel=near", "type=Lamp&limit=many", "type=Lamp&options=loud"]
)
async def test_parameters_that_mean_nothing_are_refused_by_name(city, query):
    answer = await city.get(f"/entities?{query}")
    assert answer.status == 400
    assert answer.body["detail"]


@pytest.mark.shows(
    "SERVING_CONTEXTS", "AddUse@coTheInt", "LisAllCac@co", "SerOneSpeUse@co", "DelOneSpe@coInt"
)
async def test_contexts_are_kept_listed_served_and_deleted(city):
    document = {"@context": {"brand": "https://cars.example/brand"}}
    added = await city.ask("POST", "/jsonldContexts", document, content_type="application/json")
    assert added.status == 201
    path = added.headers["location"].removeprefix("/ngsi-ld/v1")
    assert (await city.get(path)).body == document
    listed = (await city.get("/jsonldContexts?details=true&kind=Hosted")).body
    assert len(listed) == 1
    assert listed[0]["kind"] == "Hosted"
    assert (await city.ask("DELETE", path)).status == 204
    assert (await city.get(path)).status == 404
    assert (await city.ask("DELETE", path)).status == 404


@pytest.mark.shows("ConSouIdeRet", "LOOP_DETECTION")
async def test_a_broker_tells_who_it_is(city):
    told = (await city.get("/info/sourceIdentity")).body
    assert (told["type"], told["contextSourceAlias"]) == ("ContextSourceIdentity", "city")
    assert told["contextSourceUptime"]
    assert (await city.ask("POST", "/info/sourceIdentity", {})).status == 405


async def test_a_snapshot_that_nobody_made_is_neither_read_nor_written(city):
    for method, path, body in (
        ("GET", f"/entities/{LAMP}", None),
        ("GET", "/entities?type=Lamp", None),
        ("POST", "/entities", lamp()),
        ("POST", "/entityOperations/upsert", [lamp()]),
        ("GET", f"/temporal/entities/{LAMP}", None),
    ):
        answer = await city.ask(method, path, body, ngsild_snapshot="urn:ngsi-ld:Snapshot:none")
        assert answer.status in {404, 207}, (method, path, answer.raw)
    assert (await city.get(f"/entities/{LAMP}")).status == 404


async def test_a_reader_of_an_older_version_gets_entities_as_it_knows_them(city):
    lamp = {
        "id": "urn:ngsi-ld:Lamp:1",
        "type": "Lamp",
        "state": {"type": "VocabProperty", "vocab": "lit"},
        "level": {"type": "Property", "value": 5},
    }
    await city.put(lamp)
    one = await city.get("/entities/urn:ngsi-ld:Lamp:1", prefer="ngsi-ld=1.5")
    assert (one.status, one.headers["preference-applied"]) == (203, "ngsi-ld=1.5")
    assert one.body == {**lamp, "state": {"type": "Property", "value": "lit"}}
    many = await city.get("/entities?type=Lamp&format=concise", prefer="ngsi-ld=1.5")
    assert (many.status, many.body) == (203, [{**lamp, "state": {"value": "lit"}, "level": 5}])
    fits = await city.get("/entities?type=Lamp&pick=level", prefer="ngsi-ld=1.0")
    assert (fits.status, fits.headers["preference-applied"]) == (200, "ngsi-ld=1.0")
    for prefer in ("ngsi-ld=1.9", "ngsi-ld=2.1", "ngsi-ld=0.1"):
        now = await city.get("/entities/urn:ngsi-ld:Lamp:1", prefer=prefer)
        assert (now.status, now.headers["preference-applied"], now.body) == (200, "ngsi-ld=1.9", lamp)
    plain = await city.get("/entities/urn:ngsi-ld:Lamp:1", prefer="ngsi-ld=new")
    assert (plain.status, "preference-applied" in plain.headers) == (200, False)

"""How data look (clauses 4.4, 4.5, 4.6 and 4.7): what comes in is what goes out, in each representation."""

from __future__ import annotations

import pytest

LAMP = "urn:ngsi-ld:Lamp:1"
POINT = {"type": "Point", "coordinates": [16.5448, 59.6099]}
CITY = "https://city.example/context.jsonld"
AT = "2026-11-25T12:00:00Z"


def lamp(**attributes) -> dict:
    return {"id": LAMP, "type": "Lamp", **attributes}


def prop(value, **more) -> dict:
    return {"type": "Property", "value": value, **more}


def rel(target, **more) -> dict:
    return {"type": "Relationship", "object": target, **more}


@pytest.mark.shows("E_BASE", "E_PROPS", "E_RELS", "P_BASE", "R_BASE", "CENTRALIZED")
async def test_an_entity_with_properties_and_relationships_comes_back_as_it_was(city):
    given = lamp(level=prop(80), name=prop("Ängsgatan"), pole=rel("urn:ngsi-ld:Pole:1"))
    assert (await city.ask("POST", "/entities", given)).status == 201
    assert await city.seen(LAMP) == given
    wrong = await city.ask("POST", "/entities", {**given, "id": "urn:ngsi-ld:Lamp:2", "level": 80, "x": None})
    assert (wrong.status, wrong.body["pointer"]) == (400, "/x")


@pytest.mark.shows("E_LOCATION", "E_OPSPACE", "E_OBSVSPACE")
async def test_an_entity_has_a_location_an_operation_space_and_an_observation_space(city):
    polygon = {"type": "Polygon", "coordinates": [[[16, 59], [17, 59], [17, 60], [16, 59]]]}
    geo = {"type": "GeoProperty", "value": POINT}
    area = {"type": "GeoProperty", "value": polygon}
    given = lamp(location=geo, operationSpace=area, observationSpace=area)
    await city.put(given)
    assert await city.seen(LAMP) == given
    open_ring = {
        "type": "GeoProperty",
        "value": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6]]]},
    }
    wrong = await city.ask("POST", "/entities", lamp(location=open_ring))
    assert (wrong.status, wrong.problem) == (400, "BadRequestData")


@pytest.mark.shows("E_SIMPLIFIED", "HTTP_SIMP_REPR")
async def test_the_simplified_representation_shows_values_alone(city):
    await city.put(lamp(level=prop(80, unitCode="P1", observedAt=AT), pole=rel("urn:ngsi-ld:Pole:1")))
    simple = {"id": LAMP, "type": "Lamp", "level": 80, "pole": "urn:ngsi-ld:Pole:1"}
    assert await city.seen(LAMP, "format=simplified") == simple
    assert await city.seen(LAMP, "options=keyValues") == simple
    concise = await city.seen(LAMP, "format=concise")
    assert concise["level"] == {"value": 80, "unitCode": "P1", "observedAt": AT}
    assert (await city.get(f"/entities/{LAMP}?format=shortest")).status == 400


@pytest.mark.shows("P_SYSPROPS", "R_SYSPROPS", "SYSPROPS_IFASKED", "IGNORESYSPROPS")
async def test_times_of_creation_and_change_are_the_brokers_and_shown_only_when_asked_for(city):
    old = "1999-01-01T00:00:00Z"
    await city.put(lamp(level=prop(80, createdAt=old), pole=rel("urn:ngsi-ld:Pole:1", modifiedAt=old)))
    assert "createdAt" not in await city.seen(LAMP)
    told = await city.seen(LAMP, "options=sysAttrs")
    for one in (told, told["level"], told["pole"]):
        assert one["createdAt"].startswith("2026-")
        assert one["modifiedAt"] >= one["createdAt"]
    deleted = {
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notificationTrigger": ["entityDeleted"],
    }
    deleted["notification"] = {"endpoint": {"uri": "https://a.example"}, "sysAttrs": True}
    assert (await city.ask("POST", "/subscriptions", deleted)).status == 201
    await city.ask("DELETE", f"/entities/{LAMP}")
    (told,) = await city.until_told(1)
    assert told["data"][0]["deletedAt"].startswith("2026-")


@pytest.mark.shows("P_OBSVAT", "P_UNITCODE", "P_PROPS", "P_RELS", "R_OBSVAT", "R_PROPS", "R_RELS")
async def test_attributes_have_times_units_and_attributes_of_their_own(city):
    level = prop(80, observedAt=AT, unitCode="P1", accuracy=prop(0.5), measuredBy=rel("urn:ngsi-ld:Device:1"))
    pole = rel("urn:ngsi-ld:Pole:1", observedAt=AT, since=prop(1999), owner=rel("urn:ngsi-ld:Owner:1"))
    await city.put(lamp(level=level, pole=pole))
    assert await city.seen(LAMP) == lamp(level=level, pole=pole)
    wrong = await city.ask("POST", "/entities", lamp(level=prop(80, observedAt="yesterday")))
    assert (wrong.status, wrong.body["pointer"]) == (400, "/level/observedAt")


@pytest.mark.shows("P_DATASETID", "R_DATASETID")
async def test_an_attribute_has_an_instance_for_each_dataset(city):
    levels = [prop(80), prop(78, datasetId="urn:ngsi-ld:dataset:second")]
    poles = [rel("urn:ngsi-ld:Pole:1"), rel("urn:ngsi-ld:Pole:2", datasetId="urn:ngsi-ld:dataset:plan")]
    await city.put(lamp(level=levels, pole=poles))
    assert await city.seen(LAMP) == lamp(level=levels, pole=poles)
    one = await city.seen(LAMP, "datasetId=urn:ngsi-ld:dataset:second")
    assert one == lamp(level=levels[1])
    twice = await city.ask("POST", "/entities", lamp(level=[prop(1), prop(2)]))
    assert twice.status == 400


@pytest.mark.shows(
    "P_INSTANCEID", "R_INSTANCEID", "P_TEMPORAL_REP", "R_TEMPORAL_REP", "P_SIMPTEMPORAL_REP",
    "R_SIMPTEMPORAL_REP", "AGGRTEMPORAL",
)  # fmt: skip
async def test_evolutions_are_told_in_three_representations(city):
    for hour, level in ((10, 20), (11, 40)):
        at = f"2026-11-25T{hour}:00:00Z"
        await city.put(
            lamp(level=prop(level, observedAt=at), pole=rel(f"urn:ngsi-ld:Pole:{hour}", observedAt=at))
        )
    path = f"/temporal/entities/{LAMP}"
    whole = (await city.get(path)).body
    assert [one["value"] for one in whole["level"]] == [20, 40]
    assert [one["object"] for one in whole["pole"]] == ["urn:ngsi-ld:Pole:10", "urn:ngsi-ld:Pole:11"]
    ids = [one["instanceId"] for one in whole["level"] + whole["pole"]]
    assert len(set(ids)) == 4
    simple = (await city.get(path + "?options=temporalValues")).body
    assert simple["level"]["values"] == [[20, "2026-11-25T10:00:00Z"], [40, "2026-11-25T11:00:00Z"]]
    assert [one[0] for one in simple["pole"]["objects"]] == ["urn:ngsi-ld:Pole:10", "urn:ngsi-ld:Pole:11"]
    window = "timerel=between&timeAt=2026-11-25T10:00:00Z&endTimeAt=2026-11-25T12:00:00Z"
    asked = f"{path}?{window}&options=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=PT2H"
    told = (await city.get(asked)).body
    assert told["level"]["avg"][0][0] == 30
    assert told["level"]["max"][0][0] == 40
    assert (await city.get(asked.replace("avg", "mean"))).status == 400


@pytest.mark.shows("GEOJSON_REP", "SIMPGEOJSON_REP", "HTTP_GEOJSON_BOUND")
async def test_entities_are_features_for_who_asks_for_geojson(city):
    await city.put(lamp(level=prop(80), location={"type": "GeoProperty", "value": POINT}))
    feature = (await city.get(f"/entities/{LAMP}", accept="application/geo+json")).body
    assert (feature["type"], feature["id"], feature["geometry"]) == ("Feature", LAMP, POINT)
    assert feature["properties"]["level"] == prop(80)
    found = await city.get("/entities?type=Lamp&format=simplified", accept="application/geo+json")
    assert found.headers["content-type"].startswith("application/geo+json")
    collection = found.body
    assert collection["type"] == "FeatureCollection"
    assert collection["features"][0]["properties"]["level"] == 80
    nowhere = await city.get(f"/entities/{LAMP}?geometryProperty=level", accept="application/geo+json")
    assert nowhere.body["geometry"] is None


@pytest.mark.shows("LANG", "LANGFILTER")
async def test_a_language_property_is_told_in_the_language_of_the_reader(city):
    words = {"sv": "Vallgatan", "en": "Moat Street"}
    await city.put(lamp(street={"type": "LanguageProperty", "languageMap": words}))
    assert (await city.seen(LAMP))["street"]["languageMap"] == words
    told = (await city.seen(LAMP, "lang=en;q=0.9,de"))["street"]
    assert told == {"type": "Property", "value": "Moat Street", "lang": "en"}
    wrong = await city.ask(
        "POST", "/entities", lamp(street={"type": "LanguageProperty", "languageMap": "sv"})
    )
    assert wrong.status == 400


@pytest.mark.shows("VOCAB")
async def test_the_value_of_a_vocab_property_is_a_name_of_the_context(city, shown):
    await city.put(lamp(state={"type": "VocabProperty", "vocab": "broken"}))
    assert (await city.seen(LAMP))["state"]["vocab"] == "broken"
    link = '<https://other.example>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    city.web.documents["https://other.example"] = {"@context": {"other": "https://other.example/x"}}
    assert (await city.get(f"/entities/{LAMP}", link=link)).body["state"]["vocab"] == "broken"
    found = await city.get('/entities?type=Lamp&q=state=="broken"&expandValues=state')
    assert [one["id"] for one in found.body] == [LAMP]
    none = await city.get('/entities?type=Lamp&q=state=="whole"&expandValues=state')
    assert none.body == []
    assert shown("broken").endswith("broken")


@pytest.mark.shows("LISTP", "LISTR", "JSONP")
async def test_lists_keep_their_order_and_json_keeps_its_names(city):
    given = lamp(
        levels={"type": "ListProperty", "valueList": [3, 1, 2, 2]},
        poles={
            "type": "ListRelationship",
            "objectList": [{"object": "urn:ngsi-ld:Pole:2"}, {"object": "urn:ngsi-ld:Pole:1"}],
        },
        raw={"type": "JsonProperty", "json": {"type": "anything", "@id": 7, "level": None}},
    )
    await city.put(given)
    assert await city.seen(LAMP) == given
    wrong = await city.ask("POST", "/entities", lamp(levels={"type": "ListProperty", "valueList": 7}))
    assert wrong.status == 400


@pytest.mark.shows("LINKED_RETRIEVAL")
async def test_linked_entities_come_along_inline_or_beside(city):
    pole = {"id": "urn:ngsi-ld:Pole:1", "type": "Pole", "height": prop(6)}
    await city.put(lamp(pole=rel(pole["id"])), pole)
    inline = await city.seen(LAMP, "join=inline&joinLevel=1")
    assert inline["pole"]["entity"] == pole
    flat = (await city.get("/entities?type=Lamp&join=flat")).body
    assert {one["id"] for one in flat} == {LAMP, pole["id"]}
    assert (await city.get(f"/entities/{LAMP}?join=sideways")).status == 400


@pytest.mark.shows("NGSILDNULL")
async def test_ngsi_ld_null_deletes_and_stands_in_no_entity(city):
    await city.put(lamp(level=prop(80), name=prop("a")))
    merged = await city.ask("PATCH", f"/entities/{LAMP}", {"level": "urn:ngsi-ld:null"})
    assert merged.status == 204
    assert await city.seen(LAMP) == lamp(name=prop("a"))
    wrong = await city.ask("POST", "/entities", {"id": "urn:x:1", "type": "Lamp", "a": "urn:ngsi-ld:null"})
    assert wrong.status == 400


@pytest.mark.shows("USERCONTEXT", "DEFAULT_CONTEXT", "EXPAND_COMPACT")
async def test_names_are_those_of_the_callers_context_and_else_of_the_default_one(city, shown):
    car = {"id": "urn:ngsi-ld:Car:1", "type": "Car", "brand": prop("Volvo"), "colour": prop("red")}
    assert (await city.ask("POST", "/entities", {**car, "@context": CITY})).status == 201
    bare = (await city.get("/entities/urn:ngsi-ld:Car:1")).body
    assert bare["type"] == "https://cars.example/Car"
    assert bare["https://cars.example/brand"] == prop("Volvo")
    assert bare["colour"] == prop("red")
    link = f'<{CITY}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    named = await city.get("/entities/urn:ngsi-ld:Car:1", link=link)
    assert named.body == car
    by_iri = await city.get(f"/entities?type=https://cars.example/Car&q={shown('colour')}=='red'")
    assert by_iri.status in {200, 400}


@pytest.mark.shows("TEXTENCODING")
async def test_text_is_utf_8_and_nothing_else(city):
    await city.put(lamp(name=prop("Västerås 𝄞 مرحبا")))
    assert (await city.seen(LAMP))["name"]["value"] == "Västerås 𝄞 مرحبا"
    latin = b'{"id":"urn:x:1","type":"Lamp","name":{"type":"Property","value":"V\xe4ster\xe5s"}}'
    wrong = await city.ask("POST", "/entities", latin)
    assert (wrong.status, wrong.problem) == (400, "InvalidRequest")


@pytest.mark.shows("NAMES", "URI")
@pytest.mark.parametrize("name", ["with space", "a<b", "a\u0000b", "a(b)"])
async def test_names_and_ids_have_the_characters_that_the_standard_allows(city, name):
    wrong = await city.ask("POST", "/entities", lamp(**{name: prop(1)}))
    assert (wrong.status, wrong.problem) == (400, "BadRequestData")
    no_uri = await city.ask("POST", "/entities", {"id": name, "type": "Lamp"})
    assert (no_uri.status, no_uri.body["pointer"]) == (400, "/id")


@pytest.mark.shows("JSONNATIVE", "DATETIME", "DATE", "TIME", "GEOJSONGEOM")
async def test_values_of_every_kind_come_back_as_they_were(city):
    values = {
        "number": prop(1.5),
        "flag": {"type": "Property", "value": False},
        "list": prop([1, "two", {"three": 3}]),
        "thing": prop({"a": {"b": [True]}}),
        "moment": prop({"@type": "DateTime", "@value": "2026-11-25T12:00:00.123Z"}),
        "day": prop({"@type": "Date", "@value": "2026-11-25"}),
        "hour": prop({"@type": "Time", "@value": "12:00:00Z"}),
        "line": {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
        "many": {"type": "GeoProperty", "value": {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}},
    }
    await city.put(lamp(**values))
    assert await city.seen(LAMP) == lamp(**values)
    collection = {"type": "GeometryCollection", "geometries": [POINT]}
    wrong = await city.ask("POST", "/entities", lamp(where={"type": "GeoProperty", "value": collection}))
    assert wrong.status == 400


@pytest.mark.shows("CONTENT")
async def test_an_entity_without_attributes_is_one_and_a_stranger_in_its_place_is_not(city):
    await city.put(lamp())
    assert await city.seen(LAMP) == lamp()
    for wrong in ([lamp()], "text", {"type": "Lamp"}, {"id": LAMP}, {"id": LAMP, "type": []}):
        assert (await city.ask("POST", "/entities", wrong)).status == 400


@pytest.mark.shows("MULTITYPING")
async def test_an_entity_has_several_types_and_gets_more(city):
    await city.put({"id": LAMP, "type": ["Lamp", "Device"]})
    assert sorted((await city.seen(LAMP))["type"]) == ["Device", "Lamp"]
    await city.ask("POST", f"/entities/{LAMP}/attrs", {"type": "Heritage", "year": prop(1890)})
    assert sorted((await city.seen(LAMP))["type"]) == ["Device", "Heritage", "Lamp"]
    assert (await city.get("/entities?type=Bin")).body == []


@pytest.mark.shows("SCOPES", "SCOPESELECTLANG")
async def test_entities_are_found_by_their_scopes(city):
    await city.put({"id": LAMP, "type": "Lamp", "scope": ["/city/north/street", "/night"]})
    for query, found in (("/city/%23", 1), ("/city/%2B/street", 1), ("/night;/city/%23", 1), ("/south", 0)):
        answer = await city.get(f"/entities?type=Lamp&scopeQ={query}")
        assert (answer.status, len(answer.body)) == (200, found), query
    assert (await city.get("/entities?type=Lamp&scopeQ=//")).status == 400


@pytest.mark.shows("TYPESELECTLANG")
async def test_types_are_selected_by_and_or_and_brackets(city):
    await city.put({"id": LAMP, "type": ["Lamp", "Device"]}, {"id": "urn:x:bin", "type": "Bin"})
    for query, found in (("Lamp,Bin", 2), ("Lamp;Device", 1), ("(Lamp;Bin)", 0), ("(Lamp;Device),Bin", 2)):
        assert len((await city.get(f"/entities?type={query}")).body) == found, query
    wrong = await city.get("/entities?type=(Lamp")
    assert (wrong.status, wrong.body["pointer"]) == (400, "type")


@pytest.mark.shows("PROJECTIONLANG")
async def test_only_what_is_picked_is_shown_and_nothing_omitted(city):
    await city.put(lamp(level=prop(80, accuracy=prop(1)), name=prop("a")))
    assert await city.seen(LAMP, "pick=id,level") == {"id": LAMP, "level": prop(80, accuracy=prop(1))}
    assert await city.seen(LAMP, "omit=level") == lamp(name=prop("a"))
    assert (await city.get(f"/entities/{LAMP}?pick=level&omit=name,%7B")).status == 400

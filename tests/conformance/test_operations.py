"""Each operation on entities, attributes, batches, types and history, done once well and once wrongly."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

LAMP = "urn:ngsi-ld:Lamp:1"
BIN = "urn:ngsi-ld:Bin:1"


def lamp(number: int = 1, **attributes) -> dict:
    return {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", **attributes}


def prop(value, **more) -> dict:
    return {"type": "Property", "value": value, **more}


@pytest.mark.shows("EntCre", "EntRet", "EntDel")
async def test_an_entity_is_created_once_retrieved_and_deleted_once(city):
    made = await city.ask("POST", "/entities", lamp(level=prop(1)))
    assert (made.status, made.headers["location"]) == (201, f"/ngsi-ld/v1/entities/{LAMP}")
    assert (await city.ask("POST", "/entities", lamp())).status == 409
    assert await city.seen(LAMP) == lamp(level=prop(1))
    assert (await city.ask("DELETE", f"/entities/{LAMP}")).status == 204
    assert (await city.ask("DELETE", f"/entities/{LAMP}")).status == 404
    assert (await city.get(f"/entities/{LAMP}")).status == 404


@pytest.mark.shows("EntMer", "EntRep")
async def test_a_merge_leaves_what_a_replacement_takes_away(city):
    await city.put(lamp(level=prop(1), name=prop("a")))
    assert (await city.ask("PATCH", f"/entities/{LAMP}", {"level": prop(2)})).status == 204
    assert await city.seen(LAMP) == lamp(level=prop(2), name=prop("a"))
    assert (await city.ask("PUT", f"/entities/{LAMP}", lamp(level=prop(3)))).status == 204
    assert await city.seen(LAMP) == lamp(level=prop(3))
    assert (await city.ask("PUT", "/entities/urn:none", {"type": "Lamp"})).status == 404


@pytest.mark.shows("QueEnt", "QueEntPos")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "Lamp"}, [1, 2, 3]),
        ({"type": "Lamp", "q": "level>10;level<=30"}, [2, 3]),
        ({"type": "Lamp", "q": 'name=="a"|level==30'}, [1, 3]),
        ({"type": "Lamp", "q": "level==10..20"}, [1, 2]),
        ({"type": "Lamp", "q": 'name~="^[ab]$"'}, [1, 2]),
        ({"type": "Lamp", "q": "level!=20"}, [1, 3]),
        ({"type": "Lamp", "id": LAMP}, [1]),
        ({"type": "Lamp", "idPattern": "Lamp:[23]$"}, [2, 3]),
        (
            {
                "type": "Lamp",
                "georel": "near;maxDistance==200",
                "geometry": "Point",
                "coordinates": "[16,59.0]",
            },
            [1],
        ),
        ({"type": "Lamp", "attrs": "missing"}, []),
    ],
)
async def test_entities_are_found_by_type_id_values_and_place(city, query, found):
    for number, name in ((1, "a"), (2, "b"), (3, "c")):
        place = {"type": "Point", "coordinates": [16, 58.99 + number / 100]}
        location = {"type": "GeoProperty", "value": place}
        await city.put(lamp(number, level=prop(10 * number), name=prop(name), location=location))
    answer = await city.get("/entities?" + urlencode(query))
    assert answer.status == 200, answer.raw
    assert [int(one["id"].rpartition(":")[2]) for one in answer.body] == found
    body = {"type": "Query", "entities": [{"type": query["type"]}]}
    if "q" in query:
        posted = await city.ask("POST", "/entityOperations/query", {**body, "q": query["q"]})
        assert [int(one["id"].rpartition(":")[2]) for one in posted.body] == found
    assert (await city.ask("POST", "/entityOperations/query", {**body, "type": "Question"})).status == 400


@pytest.mark.shows("AppAttEnt")
async def test_attributes_are_appended_and_left_where_they_are_not_to_be_overwritten(city):
    await city.put(lamp(level=prop(1)))
    path = f"/entities/{LAMP}/attrs"
    assert (await city.ask("POST", path, {"name": prop("a")})).status == 204
    kept = await city.ask("POST", path + "?options=noOverwrite", {"name": prop("b"), "new": prop(1)})
    assert kept.status == 207
    assert [one["attributeName"] for one in kept.body["notUpdated"]] == ["name"]
    assert kept.body["updated"] == ["new"]
    assert await city.seen(LAMP) == lamp(level=prop(1), name=prop("a"), new=prop(1))


@pytest.mark.shows("UpdAttEnt")
async def test_attributes_are_updated_and_those_that_were_not_there_appended(city):
    await city.put(lamp(level=prop(1, unitCode="P1"), name=prop("a")))
    path = f"/entities/{LAMP}/attrs"
    fragment = {"level": prop(2), "new": prop(1), "name": "urn:ngsi-ld:null"}
    assert (await city.ask("PATCH", path, fragment)).status == 204
    assert await city.seen(LAMP) == lamp(level=prop(2), new=prop(1))
    assert (await city.ask("PATCH", "/entities/urn:none/attrs", fragment)).status == 404


@pytest.mark.shows("ParAttUpd", "AttRep", "AttDel")
async def test_one_attribute_is_changed_in_part_replaced_and_deleted(city):
    await city.put(lamp(level=prop(1, unitCode="P1", accuracy=prop(2)), name=prop("a")))
    path = f"/entities/{LAMP}/attrs/level"
    assert (await city.ask("PATCH", path, {"value": 5})).status == 204
    assert (await city.seen(LAMP))["level"] == prop(5, unitCode="P1", accuracy=prop(2))
    assert (await city.ask("PUT", path, prop(7))).status == 204
    assert (await city.seen(LAMP))["level"] == prop(7)
    assert (await city.ask("DELETE", path)).status == 204
    assert await city.seen(LAMP) == lamp(name=prop("a"))
    for method in ("PATCH", "PUT", "DELETE"):
        assert (await city.ask(method, path, None if method == "DELETE" else prop(1))).status == 404


@pytest.mark.shows("PurEnt")
async def test_a_purge_takes_what_matches_and_nothing_without_a_filter(city):
    await city.put(lamp(1, level=prop(1)), lamp(2, level=prop(9)), {"id": BIN, "type": "Bin"})
    assert (await city.ask("DELETE", "/entities?type=Lamp&q=level>5")).status == 204
    left = (await city.get("/entities?local=true")).body
    assert sorted(one["id"] for one in left) == [BIN, LAMP]
    assert (await city.ask("DELETE", "/entities")).status == 400
    assert len((await city.get("/entities?local=true")).body) == 2
    linked = await city.ask("DELETE", "/entities?type=Lamp&q=on{level}>0")
    assert (linked.status, linked.problem) == (400, "BadRequestData")
    assert len((await city.get("/entities?local=true")).body) == 2


@pytest.mark.shows("PurEnt")
async def test_a_purge_takes_attributes_from_what_matches_or_leaves_only_some(city):
    named = {"name": prop("a"), "level": prop(1), "scope": "/park"}
    await city.put(lamp(1, **named), lamp(2, **named), {"id": BIN, "type": "Bin", "name": prop("b")})
    assert (await city.ask("DELETE", "/entities?type=Lamp&id=urn:ngsi-ld:Lamp:1&drop=name")).status == 204
    assert await city.seen(LAMP) == lamp(1, level=prop(1), scope="/park")
    assert (await city.ask("DELETE", "/entities?type=Lamp&keep=name")).status == 204
    assert await city.seen(LAMP) == lamp(1, scope="/park")
    assert await city.seen("urn:ngsi-ld:Lamp:2") == lamp(2, name=prop("a"), scope="/park")
    assert await city.seen(BIN) == {"id": BIN, "type": "Bin", "name": prop("b")}
    assert (await city.ask("DELETE", "/entities?type=Lamp&drop=scope")).status == 204
    assert await city.seen(LAMP) == lamp(1)
    both = await city.ask("DELETE", "/entities?type=Bin&drop=name&keep=name")
    assert (both.status, both.problem) == (400, "InvalidRequest")
    for wrong in ("drop=on{name}", "keep=on{name}", "drop=id", "drop=", "drop=name"):
        narrow = "" if wrong == "drop=name" else "type=Bin&"
        refused = await city.ask("DELETE", f"/entities?{narrow}{wrong}")
        assert (refused.status, refused.problem) == (400, "BadRequestData"), wrong
    assert await city.seen(BIN) == {"id": BIN, "type": "Bin", "name": prop("b")}


@pytest.mark.shows("BatEntCre", "BatEntCreUpdUps", "BatEntUpd", "BatEntMer", "BatEntDel")
async def test_batches_do_what_they_can_and_name_what_they_cannot(city):
    wrong = {"id": "urn:ngsi-ld:Lamp:9", "type": "Lamp", "level": {"type": "Property"}}
    made = await city.ask("POST", "/entityOperations/create", [lamp(1, level=prop(1)), wrong])
    assert made.status == 207
    assert made.body["success"] == [LAMP]
    assert [one["entityId"] for one in made.body["errors"]] == [wrong["id"]]
    assert (await city.ask("POST", "/entityOperations/create", [lamp(2)])).status == 201
    assert (
        await city.ask("POST", "/entityOperations/upsert", [lamp(1, level=prop(2)), lamp(3)])
    ).status == 201
    assert (await city.ask("POST", "/entityOperations/update", [lamp(1, level=prop(3))])).status == 204
    assert (await city.ask("POST", "/entityOperations/update", [lamp(8)])).status in {207, 404}
    merge = [{"id": LAMP, "type": "Lamp", "name": prop("a")}]
    assert (await city.ask("POST", "/entityOperations/merge", merge)).status == 204
    assert await city.seen(LAMP) == lamp(level=prop(3), name=prop("a"))
    gone = await city.ask("POST", "/entityOperations/delete", [LAMP, "urn:ngsi-ld:Lamp:8"])
    assert gone.status == 207
    assert gone.body["success"] == [LAMP]
    assert (await city.ask("POST", "/entityOperations/create", [])).status == 400


@pytest.mark.shows("RetAvaEntTyp", "DetAvaEntTyp", "AvaAtt", "DetAvaAtt")
async def test_types_and_attributes_are_discovered(city):
    await city.put(lamp(1, level=prop(1)), lamp(2, level=prop(1), name=prop("a")), {"id": BIN, "type": "Bin"})
    types = (await city.get("/types")).body
    assert (types["type"], sorted(types["typeList"])) == ("EntityTypeList", ["Bin", "Lamp"])
    details = {one["typeName"]: one for one in (await city.get("/types?details=true")).body}
    assert sorted(details["Lamp"]["attributeNames"]) == ["level", "name"]
    info = (await city.get("/types/Lamp")).body
    assert info["entityCount"] == 2
    attributes = (await city.get("/attributes")).body
    assert sorted(attributes["attributeList"]) == ["level", "name"]
    level = (await city.get("/attributes/level")).body
    assert (level["attributeCount"], level["typeNames"]) == (2, ["Lamp"])
    assert (await city.get("/types/Nothing")).status == 404
    assert (await city.get("/attributes/nothing")).status == 404


@pytest.mark.shows(
    "TemEvoEntCre", "TemEvoEntRet", "TemEvoEntDel", "TemEvoAttEntIns", "AttTemEvoEntDel",
    "AttInsTemEvoEnt", "AttInsTemEvoEnt.delete",
)  # fmt: skip
async def test_history_is_added_to_corrected_and_deleted(city):
    path = f"/temporal/entities/{LAMP}"
    at = "2026-11-24T10:00:00Z"
    evolution = lamp(level=[prop(1, observedAt=at)])
    assert (await city.ask("POST", "/temporal/entities", evolution)).status == 201
    assert (await city.ask("POST", "/temporal/entities", evolution)).status == 204
    assert (await city.ask("POST", path + "/attrs", {"name": [prop("a", observedAt=at)]})).status == 204
    instance = (await city.get(path)).body["name"][0]["instanceId"]
    corrected = {"name": [prop("b", observedAt=at)]}
    assert (await city.ask("PATCH", f"{path}/attrs/name/{instance}", corrected)).status == 204
    assert (await city.get(path)).body["name"][0]["value"] == "b"
    assert (await city.ask("DELETE", f"{path}/attrs/name/{instance}")).status == 204
    assert (await city.ask("DELETE", f"{path}/attrs/name/{instance}")).status == 404
    assert (await city.ask("DELETE", f"{path}/attrs/level?deleteAll=true")).status == 204
    assert (await city.ask("DELETE", path)).status == 204
    assert (await city.get(path)).status == 404


@pytest.mark.shows("QueTemEvoEnt", "QueTemEvoEntPos")
async def test_evolutions_are_found_by_time_and_value(city):
    for hour in (8, 9, 10):
        await city.put(lamp(level=prop(hour, observedAt=f"2026-11-25T{hour:02}:00:00Z")))
    window = "timerel=after&timeAt=2026-11-25T08:30:00Z"
    (told,) = (await city.get(f"/temporal/entities?type=Lamp&{window}&lastN=1")).body
    assert told["level"][0]["value"] == 10
    query = {
        "type": "Query",
        "entities": [{"type": "Lamp"}],
        "temporalQ": {"timerel": "after", "timeAt": "2026-11-25T08:30:00Z"},
    }
    (posted,) = (await city.ask("POST", "/temporal/entityOperations/query", query)).body
    assert sorted(one["value"] for one in posted["level"]) == [9, 10]
    assert (
        await city.get("/temporal/entities?type=Lamp&timerel=between&timeAt=2026-11-25T08:30:00Z")
    ).status == 400

"""Snapshots: what queries find, frozen, to be asked and tried things on (clauses 5.5.15, 5.16, 6.3.22)."""

from __future__ import annotations

import pytest

LAMP = "urn:ngsi-ld:Lamp:1"
MINE = "urn:ngsi-ld:Snapshot:mine"


def lamp(number: int, level: int = 1) -> dict:
    return {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", "level": {"type": "Property", "value": level}}


def asked(*queries: dict, **members) -> dict:
    found = list(queries) or [{"type": "Query", "entities": [{"type": "Lamp"}]}]
    return {"type": "Snapshot", "snapshotQueries": found, **members}


async def ready(city, where: str) -> dict:
    path = where.removeprefix("/ngsi-ld/v1")
    for _ in range(50):
        await city.settle()
        answer = await city.get(path)
        assert answer.status == 200, answer.raw
        if answer.body["snapshotStatus"] != "preparing":
            return answer.body
    raise AssertionError(answer.body)


async def taken(city, body: dict | None = None) -> dict:
    made = await city.ask("POST", "/snapshots", body or asked(id=MINE))
    assert made.status == 201, made.raw
    assert not made.raw
    return await ready(city, made.headers["location"])


@pytest.mark.shows("CreSna", "RetSnaSta")
async def test_a_snapshot_keeps_what_its_queries_found_while_live_data_go_on(city):
    await city.put(lamp(1), lamp(2, level=9), {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"})
    told = await taken(city)
    assert (told["id"], told["type"], told["snapshotStatus"]) == (MINE, "Snapshot", "success")
    assert told["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert (told["snapshotPriority"], told["createdAt"] <= told["modifiedAt"]) == (5, True)
    assert told["snapshotQueries"] == asked()["snapshotQueries"]
    await city.put(lamp(1, level=7), lamp(3))
    await city.ask("DELETE", "/entities/urn:ngsi-ld:Lamp:2")
    frozen = await city.get("/entities?local=true&count=true", ngsild_snapshot=MINE)
    assert frozen.body == [lamp(1), lamp(2, level=9)]
    assert frozen.headers["ngsild-snapshot"] == MINE
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot=MINE)).body == lamp(1)
    assert (await city.get("/entities/urn:ngsi-ld:Lamp:3", ngsild_snapshot=MINE)).status == 404
    assert [one["id"] for one in (await city.get("/entities?type=Lamp")).body] == [LAMP, "urn:ngsi-ld:Lamp:3"]
    again = await city.ask("POST", "/snapshots", asked(id=MINE))
    assert (again.status, again.problem) == (409, "AlreadyExists")


@pytest.mark.shows("CreSna")
async def test_trying_something_on_a_snapshot_changes_it_alone_and_tells_no_subscriber(city):
    await city.put(lamp(1))
    notification = {"endpoint": {"uri": "http://somebody.example/"}}
    subscription = {"type": "Subscription", "entities": [{"type": "Lamp"}], "notification": notification}
    assert (await city.ask("POST", "/subscriptions", subscription)).status == 201
    await taken(city)
    patch = {"level": {"type": "Property", "value": 100}}
    tried = await city.ask("PATCH", f"/entities/{LAMP}/attrs", patch, ngsild_snapshot=MINE)
    assert tried.status == 204
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot=MINE)).body == lamp(1, level=100)
    assert await city.seen(LAMP) == lamp(1)
    past = "/temporal/entities/urn:ngsi-ld:Lamp:1"
    assert len((await city.get(past, ngsild_snapshot=MINE)).body["level"]) == 2
    assert len((await city.get(past)).body["level"]) == 1
    assert await city.until_told(0) == []
    refused = await city.ask("POST", "/subscriptions", subscription, ngsild_snapshot=MINE)
    assert (refused.status, refused.problem) == (422, "OperationNotSupported")


@pytest.mark.shows("CreSna", "RetSnaSta")
async def test_status_tells_what_became_of_each_query(city):
    await city.put(lamp(1))
    lamps, bins = ({"type": "Query", "entities": [{"type": kind}]} for kind in ("Lamp", "Bin"))
    told = await taken(city, asked(lamps, bins))
    assert told["snapshotStatus"] == "partial"
    assert [one["resultStatus"] for one in told["snapshotQueriesDetails"]] == ["success", "empty"]
    assert told["id"].startswith("urn:ngsi-ld:Snapshot:")
    told = await taken(city, asked(bins))
    assert told["snapshotStatus"] == "empty"
    reduced = asked({**lamps, "pick": ["id", "type"]})
    snapshot_id = (await taken(city, reduced))["id"]
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot=snapshot_id)).body == {
        "id": LAMP,
        "type": "Lamp",
    }


@pytest.mark.shows("CreSna")
async def test_a_snapshot_that_cannot_be_is_refused_with_the_place_that_is_wrong(city):
    query = {"type": "Query", "entities": [{"type": "Lamp"}]}
    wrong = [
        ({"type": "Snapshot"}, "/snapshotQueries"),
        (asked(snapshotPriority=11), "/snapshotPriority"),
        (asked(snapshotPriority=True), "/snapshotPriority"),
        (asked(snapshotLifetime="soon"), "/snapshotLifetime"),
        (asked(snapshotLifetime="PT0S"), "/snapshotLifetime"),
        (asked(id="no uri"), "/id"),
        (asked(endpoint="ftp://x/"), "/endpoint"),
        (
            asked(endpoint="http://x.example/", receiverInfo=[{"key": "Host", "value": "y"}]),
            "/receiverInfo/0/key",
        ),
        (asked(colour="red"), "/colour"),
        (asked({**query, "q": "level>"}), "/snapshotQueries/0/q"),
        (asked({**query, "temporalQ": {}}), "/snapshotQueries/0/temporalQ"),
        ({**asked(), "type": "Subscription"}, "/type"),
    ]
    for body, pointer in wrong:
        refused = await city.ask("POST", "/snapshots", body)
        assert (refused.status, refused.problem, refused.body["pointer"]) == (400, "BadRequestData", pointer)
    for past, pointer in (
        ([], ""),
        ([query], "/0/temporalQ"),
        ([{**query, "temporalQ": {}}], "/0/temporalQ/timerel"),
    ):
        refused = await city.ask("POST", "/snapshots", asked(snapshotTemporalQueries=past))
        assert (refused.status, refused.body["pointer"]) == (400, f"/snapshotTemporalQueries{pointer}")
    joined = await city.ask("POST", "/snapshots", asked({**query, "join": "flat"}))
    assert (joined.status, joined.problem) == (422, "OperationNotSupported")
    ignored = await taken(city, asked(id=MINE, snapshotStatus="failure", expiresAt="never"))
    assert ignored["snapshotStatus"] == "empty"


@pytest.mark.shows("UpdSnaSta")
async def test_an_update_changes_how_long_and_how_much_a_snapshot_matters_and_nothing_else(city):
    await city.put(lamp(1))
    before = await taken(city, asked(id=MINE, snapshotLifetime="PT1H", endpoint="http://somebody.example/"))
    await city.until_told(1)
    changed = await city.ask(
        "PATCH", f"/snapshots/{MINE}", {"snapshotLifetime": "PT2H", "snapshotPriority": 9}
    )
    assert (changed.status, changed.body["snapshotPriority"]) == (200, 9)
    assert changed.body["expiresAt"] > before["expiresAt"]
    told = await city.until_told(2)
    assert told[1]["expiresAt"] == changed.body["expiresAt"]
    for fragment in (
        {"snapshotQueries": []},
        {"id": "urn:other"},
        {"snapshotPriority": 0},
        {},
        {"type": "Query"},
    ):
        refused = await city.ask("PATCH", f"/snapshots/{MINE}", fragment)
        assert (refused.status, refused.problem) == (400, "BadRequestData"), fragment
    gone = await city.ask("PATCH", f"/snapshots/{MINE}", {"endpoint": "urn:ngsi-ld:null"})
    assert "endpoint" not in gone.body
    assert (await city.ask("PATCH", "/snapshots/urn:x", {"snapshotPriority": 1})).status == 404
    assert len(await city.until_told(2)) == 2


@pytest.mark.shows("CreSna", "UpdSnaSta")
async def test_the_endpoint_is_told_when_a_snapshot_is_ready(city):
    await city.put(lamp(1))
    receiver = [{"key": "X-For", "value": "me"}]
    await taken(city, asked(id=MINE, endpoint="http://somebody.example/", receiverInfo=receiver))
    [told] = await city.until_told(1)
    assert told["type"] == "SnapshotNotification"
    assert (told["snapshotId"], told["snapshotStatus"], told["snapshotPriority"]) == (MINE, "success", 5)
    assert told["expiresAt"] > told["notifiedAt"]
    assert ("X-For", "me") in city.endpoint.notices[0].headers
    assert "data" not in told


@pytest.mark.shows("DelSna")
async def test_a_snapshot_ends_when_it_is_deleted_and_at_its_time(city):
    await city.put(lamp(1))
    await taken(city)
    assert (await city.ask("DELETE", f"/snapshots/{MINE}")).status == 204
    assert (await city.ask("DELETE", f"/snapshots/{MINE}")).status == 404
    assert (await city.ask("DELETE", "/snapshots/mine")).status == 400
    gone = await city.get("/entities?local=true", ngsild_snapshot=MINE)
    assert (gone.status, gone.problem) == (404, "ResourceNotFound")
    assert await city.seen(LAMP) == lamp(1)
    await city.put(lamp(2))
    await taken(city, asked(id=MINE, snapshotLifetime="PT1M"))
    past = await city.get("/temporal/entities/urn:ngsi-ld:Lamp:1", ngsild_snapshot=MINE)
    assert past.status == 200
    await city.clock.forward(61)
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot=MINE)).status == 404
    assert (await city.get(f"/snapshots/{MINE}")).status == 404
    await city.settle()
    assert [key for key, _ in city.broker.state.datasets() if key[1]] == []


@pytest.mark.shows("PurSna")
async def test_a_purge_ends_the_snapshots_that_meet_a_query_about_snapshots(city):
    await city.put(lamp(1))
    await taken(city, asked(id=MINE, snapshotPriority=2))
    await taken(city, asked(id="urn:other", snapshotPriority=8))
    for q in ("", "?q=level>5", "?q=endpoint{x}>1", "?q=snapshotPriority<"):
        refused = await city.ask("DELETE", f"/snapshots{q}")
        assert (refused.status, refused.problem) == (400, "BadRequestData"), q
    none = await city.ask("DELETE", "/snapshots?q=snapshotPriority>8")
    assert (none.status, none.problem) == (404, "ResourceNotFound")
    assert (
        await city.ask("DELETE", "/snapshots?q=snapshotPriority<5;snapshotStatus==%22success%22")
    ).status == 204
    assert (await city.get(f"/snapshots/{MINE}")).status == 404
    assert (await city.get("/snapshots/urn:other")).status == 200
    assert (await city.ask("DELETE", "/snapshots?q=createdAt>2000-01-01T00:00:00Z")).status == 204


@pytest.mark.shows("CloSna")
async def test_a_clone_is_a_copy_that_goes_its_own_way(city):
    await city.put(lamp(1))
    await taken(city)
    patch = {"level": {"type": "Property", "value": 50}}
    await city.ask("PATCH", f"/entities/{LAMP}/attrs", patch, ngsild_snapshot=MINE)
    body = {"type": "Snapshot", "id": "urn:copy", "snapshotPriority": 3}
    made = await city.ask("POST", f"/snapshots/{MINE}/clone", body)
    assert (made.status, made.headers["location"]) == (201, "/ngsi-ld/v1/snapshots/urn:copy")
    told = await ready(city, "/snapshots/urn:copy")
    assert (told["snapshotStatus"], told["snapshotPriority"]) == ("success", 3)
    assert (await city.ask("DELETE", f"/snapshots/{MINE}")).status == 204
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot="urn:copy")).body == lamp(1, level=50)
    again = await city.ask("POST", "/snapshots/urn:copy/clone", body)
    assert (again.status, again.problem) == (409, "AlreadyExists")
    gone = await city.ask("POST", f"/snapshots/{MINE}/clone", {"type": "Snapshot"})
    assert (gone.status, gone.problem) == (404, "ResourceNotFound")
    wrong = await city.ask("POST", "/snapshots/urn:copy/clone", asked())
    assert (wrong.status, wrong.body["pointer"]) == (400, "/snapshotQueries")


@pytest.mark.shows("CreSna", "RetSnaSta", "DelSna")
async def test_somebody_elses_snapshot_cannot_be_told_from_nothing(city):
    await city.put(lamp(1))
    await taken(city)
    told = []
    for snapshot_id in (MINE, "urn:ngsi-ld:Snapshot:none"):
        for tenant in ("", "water", "nowhere"):
            sent = {"authorization": "reader"} if not tenant else {"ngsild_tenant": tenant}
            answer = await city.get("/entities?type=Lamp", ngsild_snapshot=snapshot_id, **sent)
            told.append((answer.status, answer.raw.replace(snapshot_id.encode(), b"")))
    assert len(set(told)) == 1
    assert told[0][0] == 404
    for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/clone")):
        body = {"type": "Snapshot", "snapshotPriority": 1} if method in {"PATCH", "POST"} else None
        answer = await city.ask(method, f"/snapshots/{MINE}{path}", body, authorization="reader")
        assert answer.status == 404, method
    purge = await city.ask("DELETE", "/snapshots?q=snapshotPriority>0", authorization="reader")
    assert purge.status == 404
    nobody = await city.ask("POST", "/snapshots", asked(), authorization="nobody")
    assert nobody.status == 403
    assert (await city.get(f"/snapshots/{MINE}")).status == 200


def seen(number: int, level: int, hour: int) -> dict:
    told = {"type": "Property", "value": level, "observedAt": f"2026-11-25T{hour:02}:00:00Z"}
    return {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", "level": told}


@pytest.mark.shows("CreSna", "RetSnaSta", "DelSna")
async def test_a_snapshot_of_the_past_holds_what_temporal_queries_found(city):
    for hour in (8, 9, 10, 11):
        await city.put(seen(1, hour, hour), seen(2, hour * 10, hour))
    between = {"timerel": "between", "timeAt": "2026-11-25T08:30:00Z", "endTimeAt": "2026-11-25T10:30:00Z"}
    one = {"type": "Query", "entities": [{"type": "Lamp", "id": LAMP}], "temporalQ": between}
    bins = {"type": "Query", "entities": [{"type": "Bin"}], "temporalQ": between}
    body = {"type": "Snapshot", "id": MINE, "endpoint": "http://somebody.example/"}
    told = await taken(city, {**body, "snapshotTemporalQueries": [one, bins]})
    assert told["snapshotStatus"] == "partial"
    assert [one["resultStatus"] for one in told["snapshotTemporalQueriesDetails"]] == ["success", "empty"]
    assert told["snapshotTemporalQueries"] == [one, bins]
    [notice] = await city.until_told(1)
    assert len(notice["temporalSnapshotQueriesDetails"]) == 2
    await city.put(seen(1, 99, 10))
    since = "timerel=after&timeAt=2026-11-25T00:00:00Z&format=temporalValues"
    frozen = await city.get(f"/temporal/entities?local=true&{since}", ngsild_snapshot=MINE)
    values = [[9, "2026-11-25T09:00:00Z"], [10, "2026-11-25T10:00:00Z"]]
    assert [(one["id"], one["level"]["values"]) for one in frozen.body] == [(LAMP, values)]
    assert (await city.get(f"/entities/{LAMP}", ngsild_snapshot=MINE)).status == 404
    assert (await city.ask("DELETE", f"/snapshots/{MINE}")).status == 204
    await taken(city, asked(id=MINE))
    again = await city.get(f"/temporal/entities/{LAMP}?{since}", ngsild_snapshot=MINE)
    assert again.body["level"]["values"] == [[99, "2026-11-25T10:00:00Z"]]


@pytest.mark.shows("CloSna")
async def test_a_clone_has_the_past_of_what_was_cloned_and_each_instance_once(city):
    for hour in (8, 9, 10):
        await city.put(seen(1, hour, hour))
    between = {"timerel": "after", "timeAt": "2026-11-25T00:00:00Z"}
    past = {"type": "Query", "entities": [{"type": "Lamp"}], "temporalQ": between}
    await taken(city, asked(id=MINE, snapshotTemporalQueries=[past, past]))
    patch = {"level": {"type": "Property", "value": 77, "observedAt": "2026-11-25T12:00:00Z"}}
    await city.ask("PATCH", f"/entities/{LAMP}/attrs", patch, ngsild_snapshot=MINE)
    made = await city.ask("POST", f"/snapshots/{MINE}/clone", {"type": "Snapshot", "id": "urn:copy"})
    told = await ready(city, made.headers["location"])
    assert told["snapshotTemporalQueriesDetails"] == [{"resultStatus": "success"}] * 2
    since = "timerel=after&timeAt=2026-11-25T00:00:00Z&format=temporalValues"
    histories = {}
    for snapshot_id in (MINE, "urn:copy"):
        answer = await city.get(f"/temporal/entities/{LAMP}?{since}", ngsild_snapshot=snapshot_id)
        histories[snapshot_id] = [value for value, _ in answer.body["level"]["values"]]
    assert histories == {MINE: [8, 9, 10, 77], "urn:copy": [8, 9, 10, 77]}
    live = await city.get(f"/temporal/entities/{LAMP}?{since}")
    assert [value for value, _ in live.body["level"]["values"]] == [8, 9, 10]


@pytest.mark.shows("CreSna")
async def test_a_snapshot_holds_what_sources_know_as_well_and_asks_them_no_more(city, parks, streets):
    await city.put(lamp(1))
    await parks.put(lamp(2, level=5), {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"})
    source = {
        "type": "ContextSourceRegistration",
        "endpoint": "http://parks.example",
        "information": [{"entities": [{"type": "Lamp"}]}],
    }
    assert (await city.ask("POST", "/csourceRegistrations", source)).status == 201
    assert (await taken(city))["snapshotStatus"] == "success"
    sent = len(streets.sent)
    await parks.put(lamp(2, level=9))
    frozen = await city.get("/entities?type=Lamp", ngsild_snapshot=MINE)
    assert sorted(frozen.body, key=lambda one: one["id"]) == [lamp(1), lamp(2, level=5)]
    assert len(streets.sent) == sent
    assert (await city.get("/entities/urn:ngsi-ld:Bin:1", ngsild_snapshot=MINE)).status == 404


@pytest.mark.shows("CreSna")
async def test_a_source_that_is_silent_is_told_of_and_costs_nothing_else(city):
    await city.put(lamp(1))
    source = {
        "type": "ContextSourceRegistration",
        "endpoint": "http://nowhere.example",
        "information": [{"entities": [{"type": "Lamp"}]}],
    }
    assert (await city.ask("POST", "/csourceRegistrations", source)).status == 201
    told = await taken(city)
    assert told["snapshotStatus"] == "success"
    assert "199" in told["snapshotQueriesDetails"][0]["problemDetails"]["detail"]
    assert (await city.get("/entities?type=Lamp", ngsild_snapshot=MINE)).body == [lamp(1)]
    bins = asked({"type": "Query", "entities": [{"type": "Bin"}]})
    assert "problemDetails" not in (await taken(city, bins))["snapshotQueriesDetails"][0]

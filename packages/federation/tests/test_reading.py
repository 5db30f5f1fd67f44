"""Entities of several nodes as one answer (clauses 5.7.1, 5.7.2, 4.5.5, 6.3.17)."""

from __future__ import annotations

import pytest

from samstad_broker.spi.forwarder import EntityInfo, Information, Lookup, Window
from samstad_federation.spi.wire import Reply
from samstad_ngsild.errors import LoopDetected, TooComplexQuery, TooManyResults

from .conftest import VOCAB, Here, Peer, bin_, json_reply, prop

FILL = VOCAB + "fill"
NAME = VOCAB + "name"
ONE = "urn:ngsi-ld:Bin:roads:1"


async def retrieve(city, entity_id=ONE, local=None, asked=None):
    asked = asked or city.asked()
    matches = city.federation.match_entity(asked, "retrieveEntity", Lookup(entity_id))
    return await city.federation.retrieve(asked, matches, entity_id, local)


def value(document, name):
    return [instance["value"] for instance in document[name]]


async def test_the_latest_observation_wins_wherever_it_is(city):
    old, new = "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z"
    city.register("waste", Peer(bin_(1, fill=prop(80, observedAt=new), name=prop("theirs"))))
    local = Here(bin_(1, fill=prop(20, observedAt=old), name=prop("ours", modifiedAt=new))).documents[0]
    combined = await retrieve(city, local=local)
    (document,) = combined.documents
    assert value(document, FILL) == [80]
    assert value(document, NAME) == ["ours"]
    assert combined.warnings == []


async def test_what_a_registration_is_not_about_does_not_come_in(city):
    about = EntityInfo(None, None, frozenset({VOCAB + "Bin"}))
    city.register("waste", Peer(bin_(1, fill=prop(80), name=prop("?"))),
                  information=(Information((about,), frozenset({FILL})),))  # fmt: skip
    combined = await retrieve(city)
    assert FILL in combined.documents[0]
    assert NAME not in combined.documents[0]
    assert "attrs=fill" in city.wires.peers["http://waste.example"].sent[0].url


async def test_an_exclusive_source_alone_speaks_for_its_attributes(city):
    new = "2026-11-25T11:00:00Z"
    about = (EntityInfo(ONE, None, frozenset({VOCAB + "Bin"})),)
    city.register("waste", Peer(bin_(1, fill=prop(80, observedAt=new))))
    city.register("owner", Peer(bin_(1, fill=prop(33))), mode="exclusive",
                  information=(Information(about, frozenset({FILL})),))  # fmt: skip
    combined = await retrieve(city)
    assert value(combined.documents[0], FILL) == [33]


async def test_an_auxiliary_source_adds_but_never_overrides(city):
    city.register("weather", Peer(bin_(1, fill=prop(1), frost=prop("yes"))), mode="auxiliary")
    combined = await retrieve(city, local=Here(bin_(1, fill=prop(50))).documents[0])
    assert value(combined.documents[0], FILL) == [50]
    assert value(combined.documents[0], VOCAB + "frost") == ["yes"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, {"content-type": "text/html"}, b"<html>"), "111"),
        (Reply(200, {"content-type": "application/json"}, b"{nonsense"), "111"),
        (Reply(200, {"content-type": "application/json"}, b'"text"'), "111"),
        (json_reply({"id": "no uri", "type": "Bin"}), "111"),
        (json_reply({"id": "urn:ngsi-ld:Bin:roads:2", "type": "Bin"}), "111"),
        (json_reply({}, status=403), "299"),
        (json_reply({}, status=302), "299"),
        (json_reply({}, status=500), "299"),
        (json_reply({}, status=508), "199"),
        (json_reply({}, status=404), None),
    ],
)
async def test_a_source_that_errs_costs_its_part_and_a_warning(city, reply, code):
    peer = Peer()
    peer.reply = lambda _sent: reply
    city.register("waste", peer)
    combined = await retrieve(city, local=Here(bin_(1, fill=prop(50))).documents[0])
    assert value(combined.documents[0], FILL) == [50]
    assert [text[:3] for text in combined.warnings] == ([code] if code else [])


async def test_one_broken_entity_does_not_hide_the_others(city):
    city.register("waste", Peer())
    city.wires.peers["http://waste.example"].reply = lambda _sent: json_reply(
        [bin_(1, fill=prop(1)), {"id": "urn:x:2"}, 7, bin_(3, fill={"type": "Property"}), bin_(4)]
    )
    combined = await city.federation.query(city.inquiry(), Window(10))
    assert [one["id"][-1] for one in combined.documents] == ["1", "4"]
    assert combined.warnings[0].startswith("111 ")


async def test_a_silent_source_is_left_alone_after_three_failures_and_tried_again(city):
    source = city.register("waste", Peer(bin_(1)))
    peer = city.wires.peers.pop(source.endpoint)
    for _ in range(5):
        combined = await retrieve(city)
        assert combined.warnings[0].startswith("199 ")
    assert "left alone" in combined.warnings[0]
    city.wires.peers[source.endpoint] = peer
    assert (await retrieve(city)).documents == []
    assert peer.sent == []
    city.now_us += 3_000_000
    assert len((await retrieve(city)).documents) == 1
    assert (await retrieve(city)).warnings == []


async def test_a_kept_answer_is_used_and_tells_its_age(city):
    peer = Peer(bin_(1, fill=prop(1)))
    city.register("waste", peer, cache_us=60_000_000)
    assert (await retrieve(city)).warnings == []
    city.now_us += 30_000_000
    combined = await retrieve(city)
    assert combined.warnings[0].startswith("110 ")
    assert "30 s ago" in combined.warnings[0]
    assert len(peer.sent) == 1
    city.now_us += 31_000_000
    assert (await retrieve(city)).warnings == []
    assert len(peer.sent) == 2


async def test_pages_over_nodes_hold_each_entity_once_and_whole(city):
    here = Here(*(bin_(n, fill=prop(n)) for n in range(15)))
    theirs = [bin_(n, name=prop(f"bin {n}")) for n in (*range(20, 40), *range(15))]
    city.register("waste", Peer(*theirs))
    seen = {}
    offset = 0
    while True:
        combined = await city.federation.query(city.inquiry(here), Window(10, offset))
        for document in combined.documents:
            assert document["id"] not in seen
            seen[document["id"]] = document
        offset += 10
        if not combined.more:
            break
    assert len(seen) == 35
    assert all(NAME in document for document in seen.values())
    assert sum(FILL in document for document in seen.values()) == 15


async def test_a_count_is_exact_where_all_was_seen_and_else_says_so(city):
    city.register("waste", Peer(*(bin_(n) for n in range(30))))
    here = Here(*(bin_(n) for n in range(20, 40)))
    whole = await city.federation.query(city.inquiry(here), Window(60, 0, count=True))
    assert (whole.total, whole.warnings, whole.more) == (40, [], False)
    cut = await city.federation.query(city.inquiry(here), Window(5, 0, count=True))
    assert 40 <= cut.total <= 50
    assert cut.warnings


async def test_pages_that_lie_too_far_are_refused_with_what_to_do(city):
    city.register("waste", Peer())
    with pytest.raises(TooManyResults, match="entityMap=true"):
        await city.federation.query(city.inquiry(), Window(10, 100))


async def test_filters_are_forwarded_unless_entities_are_split(city):
    peer = Peer(bin_(1, name=prop("corner")), bin_(2, name=prop("park")))
    city.register("waste", peer)
    here = Here(bin_(1, fill=prop(90)), bin_(2, fill=prop(10)))
    whole = await city.federation.query(city.inquiry(here, q="fill>50"), Window(10))
    assert "fill" in peer.sent[-1].url
    assert [NAME in one for one in whole.documents] == [False]
    split = await city.federation.query(
        city.inquiry(here, q='fill>50;name=="corner"', splitEntities="true"), Window(10, 0, count=True)
    )
    assert "fill" not in peer.sent[-1].url
    assert [one["id"] for one in split.documents] == [ONE]
    assert (split.total, split.more) == (1, False)


async def test_more_split_candidates_than_the_node_fetches_are_refused(city):
    city.register("waste", Peer(*(bin_(n) for n in range(101))))
    with pytest.raises(TooComplexQuery):
        await city.federation.query(city.inquiry(splitEntities="true", q="fill>1"), Window(10))


async def test_an_entity_map_says_who_knows_what_and_keeps_to_it(city):
    peer = Peer(*(bin_(n) for n in range(3)))
    city.register("waste", peer)
    here = Here(bin_(2), bin_(9))
    places, warnings = await city.federation.list_places(city.inquiry(here))
    assert warnings == []
    waste = "urn:ngsi-ld:ContextSourceRegistration:waste"
    assert places["urn:ngsi-ld:Bin:roads:2"] == ("@none", waste)
    assert places["urn:ngsi-ld:Bin:roads:9"] == ("@none",)
    peer.entities.append(bin_(50))
    del peer.entities[0]
    seen, offset = [], 0
    while True:
        page = await city.federation.query_mapped(city.inquiry(here), places, Window(2, offset))
        seen += [one["id"][-1] for one in page.documents]
        if not page.more:
            break
        offset = page.next_offset
    assert sorted(seen) == ["1", "2", "9"]


async def test_a_request_that_was_here_is_in_a_loop_and_one_that_was_there_is_not_sent_back(city):
    city.register("waste", Peer(bin_(1)))
    with pytest.raises(LoopDetected):
        city.federation.match_entity(city.asked(via="1.1 waste2, 1.1 Roads"), "retrieveEntity", Lookup(ONE))
    assert city.federation.match_entity(city.asked(via="1.1 waste"), "retrieveEntity", Lookup(ONE)) == []
    await retrieve(city, asked=city.asked(via="1.1 centre"))
    sent = city.wires.peers["http://waste.example"].sent[0]
    assert sent.headers["Via"] == "1.1 centre, 1.1 roads"


async def test_a_source_is_told_what_it_wants_but_no_caller_s_secrets(city):
    told = (
        ("X-Purpose", "winter"), ("X-Request", "urn:ngsi-ld:request"), ("X-Absent", "urn:ngsi-ld:request"),
        ("Authorization", "urn:ngsi-ld:request"), ("X-API-Key", "urn:ngsi-ld:request"),
        ("NGSILD-Tenant", "other"), ("Via", "1.1 nobody"), ("Bad Name", "x"), ("X-Split", "a\r\nX-In: b"),
        ("Content-Length", "3"),
    )  # fmt: skip
    city.register("waste", Peer(bin_(1)), told=told, tenant="street")
    asked = city.asked(**{"x-request": "abc", "authorization": "Bearer secret", "x-api-key": "secret"})
    await retrieve(city, asked=asked)
    headers = city.wires.peers["http://waste.example"].sent[0].headers
    assert headers["X-Purpose"] == "winter"
    assert headers["X-Request"] == "abc"
    assert headers["NGSILD-Tenant"] == "street"
    assert headers["Via"] == "1.1 roads"
    assert not {"X-Absent", "Authorization", "X-API-Key", "Bad Name", "X-Split", "Content-Length"} & set(
        headers
    )
    assert "secret" not in str(headers)


async def test_nobody_sees_over_sources_what_they_may_not_read_here(city):
    peer = Peer(bin_(1))
    city.register("waste", peer)
    nobody = city.asked(may_read=lambda _types: False)
    assert city.federation.match_entity(nobody, "retrieveEntity", Lookup(ONE)) == []
    lamps = city.asked(may_read=lambda types: VOCAB + "Lamp" in types)
    about = EntityInfo(None, None, frozenset({VOCAB + "Lamp", VOCAB + "Bin"}))
    city.register("mixed", Peer(bin_(1)), information=(Information((about,), frozenset()),))
    combined = await retrieve(city, asked=lamps)
    assert combined.documents == []
    assert peer.sent == []


async def test_a_context_that_cannot_be_had_costs_that_source_alone(city):
    city.register("waste", Peer(bin_(1)), told=(("jsonldContext", "https://nowhere.example/c.jsonld"),))
    city.register("parks", Peer(bin_(1, fill=prop(5))))
    combined = await retrieve(city)
    assert value(combined.documents[0], FILL) == [5]
    assert combined.warnings[0].startswith("299 ")
    assert city.wires.peers["http://waste.example"].sent == []


async def test_a_source_that_answers_slowly_page_by_page_does_not_hold_up_the_request(city):
    peer = Peer(*(bin_(n) for n in range(60)))
    source = city.register("waste", peer)
    quick = peer.answer

    def slow(sent):
        city.now_us += 4_000_000
        return quick(sent)

    city.wires.peers[source.endpoint].answer = slow
    combined = await city.federation.query(city.inquiry(), Window(50))
    assert len(peer.sent) == 3
    assert len(combined.documents) == 21
    assert "slow" in combined.warnings[0]

"""Plans of a day: explained, changed on the day, kept in the broker, and followed up by their events."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest

from samstad_waste import mapping
from samstad_waste.domain.errors import PlanRefused, ReportRefused
from samstad_waste.domain.names import own
from samstad_waste.domain.plan import Report
from samstad_waste.gateway.solving.engine import solve
from samstad_waste.service.collecting import Collecting, NotNow, Weighing
from samstad_waste.service.fleet import Fleet
from samstad_waste.service.followup import Rates, follow_up
from samstad_waste.service.planning import Planner, Planning, Wanted
from samstad_waste.spi.matrix import NoRoads

NOW = 1_764_036_000_000_000  # 2025-11-25 02:00 UTC, 03:00 in Stockholm
HOUR = 3_600_000_000
DAY = date(2025, 11, 25)
DEPOT, LORRY = "urn:ngsi-ld:WasteDepot:waste:1", "urn:ngsi-ld:WasteVehicle:waste:1"
ID = "urn:ngsi-ld:CollectionPlan:waste:2025-11-25-1"


class Here:
    """Solves at once, in this process."""

    async def solve(self, problem):
        return solve(msgspec.structs.replace(problem, seconds_of_search=0.05))


def bin_id(number):
    return f"urn:ngsi-ld:WasteContainer:street:{number}"


def container(number, level, **told):
    return {
        "id": bin_id(number),
        "type": "WasteContainer",
        "fillingLevel": mapping.prop(level, mapping.iso(NOW)),
        "location": point(16.54 + number / 500, 59.61),
        **told,
    }


def point(lon, lat):
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, lat]}}


def lorry(**told):
    return {
        "id": LORRY,
        "type": own("WasteVehicle"),
        own("capacityByStream"): {"type": "JsonProperty", "json": {"other": 9_000}},
        own("refWasteDepot"): mapping.rel(DEPOT),
        **told,
    }


@pytest.fixture
def fleet():
    fleet = Fleet()
    fleet.take_depots([{"id": DEPOT, "location": point(16.54, 59.61)}])
    fleet.take_vehicles([lorry()])
    return fleet


@pytest.fixture
def planner(bins, fleet):
    bins.take_containers([container(number, 0.97) for number in range(1, 6)])
    bins.take_containers([container(6, 0.05), container(7, 0.9, location=None)])
    bins.outbox.clear()
    return Planner(bins, fleet, Here(), NoRoads(), Planning(ZoneInfo("Europe/Stockholm")))


@pytest.fixture
def collecting(bins):
    return Collecting(bins)


async def made(planner, *, now_us=NOW, before=None, **wanted):
    return await planner.make(Wanted(DAY, "eva", **wanted), now_us=now_us, plan_id=ID, before=before)


def stops(plan):
    return [stop for route in plan.routes for stop in route.stops if stop.kind == "stop"]


async def test_full_bins_are_planned_in_the_shift_and_the_others_are_explained(planner):
    plan = await made(planner)
    assert {stop.subject for stop in stops(plan)} == {bin_id(number) for number in range(1, 6)}
    begin = mapping.time_us("2025-11-25T05:00:00Z")  # 06:00 in Stockholm
    assert all(begin <= stop.arrive_us <= begin + 9 * HOUR for stop in stops(plan))
    assert plan.left[bin_id(7)] == "noPlace"
    assert plan.left[bin_id(6)] in {"notNeeded", "distance"}
    assert plan.worth[bin_id(1)][0] > plan.worth[bin_id(6)][0]
    assert plan.status == "proposed"


async def test_people_have_the_last_word_and_cannot_ask_for_what_is_not_there(planner):
    plan = await made(planner, pinned={bin_id(6): True, bin_id(1): False})
    planned = {stop.subject for stop in stops(plan)}
    assert bin_id(6) in planned
    assert bin_id(1) not in planned
    assert plan.left[bin_id(1)] == "keptOut"
    for wrong in (bin_id(99), bin_id(7)):
        with pytest.raises(PlanRefused, match="no location"):
            await made(planner, pinned={wrong: True})


async def test_a_fleet_that_cannot_be_says_what_to_change(planner, fleet):
    with pytest.raises(PlanRefused, match="out of use"):
        await made(planner, out=(LORRY,))
    with pytest.raises(PlanRefused, match="shifts are over"):
        await made(planner, now_us=NOW + 14 * HOUR)
    for told, said in (
        ({own("capacityByStream"): mapping.prop(5)}, "needs capacityByStream"),
        ({own("shift"): {"type": "JsonProperty", "json": {"from": "15:00", "to": "06:00"}}}, "window"),
        ({own("shift"): {"type": "JsonProperty", "json": {"breaks": [{"from": "x"}]}}}, "a break"),
    ):
        fleet.take_vehicles([lorry(**told)])
        with pytest.raises(PlanRefused, match=said):
            await made(planner)
    fleet.take_vehicles([lorry()])
    assert (await made(planner)).routes


async def test_what_is_done_stays_when_the_day_is_planned_anew(planner, collecting):
    first = collecting.keep(await made(planner))
    done = stops(first)[0]
    report = Report("report-1", done.id, "emptied", NOW + 4 * HOUR)
    assert collecting.report(report, now_us=NOW + 4 * HOUR)
    before = collecting.plans[first.id]
    again = await made(planner, now_us=NOW + 5 * HOUR, before=before, pinned={bin_id(6): True})
    kept = [stop for stop in stops(again) if stop.status == "emptied"]
    assert [stop.id for stop in kept] == [done.id]
    later = [stop for stop in stops(again) if stop.status == "planned"]
    assert {stop.subject for stop in later} >= {bin_id(6)} | {bin_id(n) for n in range(1, 6)} - {done.subject}
    assert all(stop.arrive_us >= NOW + 5 * HOUR for stop in later)
    assert again.version == 2
    assert len({stop.id for stop in stops(again)}) == len(stops(again))


async def test_reports_come_twice_late_and_wrong(planner, collecting, bins):
    plan = collecting.keep(await made(planner))
    stop = stops(plan)[0]
    report = Report("report-1", stop.id, "emptied", NOW + HOUR)
    assert [collecting.report(report, now_us=NOW + HOUR) for _ in range(2)] == [True, False]
    assert bins.find(stop.subject).track.known.level == 0.0
    earlier = Report("report-2", stop.id, "skipped", NOW, reason="blocked")
    assert not collecting.report(earlier, now_us=NOW + HOUR)
    assert collecting.plans[plan.id].stop(stop.id).status == "emptied"
    for wrong, said in (
        (Report("report-3", "urn:x", "emptied", NOW), "load the routes"),
        (Report("report-3", stop.id, "eaten", NOW), "outcome"),
        (Report("report-3", stop.id, "skipped", NOW), "reason"),
        (Report("r", stop.id, "emptied", NOW), "8 to 64"),
        (Report("report-3", stop.id, "emptied", NOW + 99 * HOUR), "clock"),
        (Report("report-3", stop.id, "emptied", NOW, level=9.0), "share"),
    ):
        with pytest.raises(ReportRefused, match=said):
            collecting.report(wrong, now_us=NOW + HOUR)


async def test_plans_survive_in_the_broker_and_one_a_day_is_in_force(planner, collecting, bins, city, writer):
    for number in range(1, 8):
        await city.create({"id": bin_id(number), "type": "WasteContainer"})
    first = collecting.keep(await made(planner))
    second = collecting.keep(msgspec.structs.replace(first, id=ID[:-1] + "2", made_us=NOW + 1))
    collecting.decide(first.id, "active", by="eva")
    collecting.decide(second.id, "active", by="eva")
    assert [plan.id for plan in collecting.active()] == [second.id]
    with pytest.raises(NotNow):
        collecting.decide(first.id, "active", by="eva")
    await writer.write()
    assert not bins.outbox
    reborn = Collecting(bins)
    reborn.take_plans([await city.retrieve(first.id), await city.retrieve(second.id)])
    assert reborn.plans == collecting.plans
    told = await city.retrieve(stops(second)[0].id)
    assert told[own("stopStatus")]["value"] == "planned"


async def test_figures_list_their_events_and_count_no_driving_that_nobody_told_of(
    planner, collecting, city, writer
):
    for number in range(1, 8):
        await city.create({"id": bin_id(number), "type": "WasteContainer"})
    plan = collecting.keep(await made(planner))
    first, second = stops(plan)[:2]
    for number, stop in enumerate((first, second)):
        collecting.report(Report(f"report-{number}", stop.id, "emptied", NOW + HOUR), now_us=NOW + HOUR)
    ticket = Weighing("ticket-1", LORRY, NOW + HOUR, 9_500, 9_000)
    assert collecting.weigh(ticket, now_us=NOW + HOUR) == collecting.weigh(ticket, now_us=NOW + HOUR)
    with pytest.raises(ReportRefused, match="at least tare_kg"):
        collecting.weigh(Weighing("ticket-2", LORRY, NOW, 1, 2), now_us=NOW)
    await writer.write()

    async def figures(from_us, to_us):
        plans = collecting.plans.values()
        return await follow_up(city, plans, from_us=from_us, to_us=to_us, rates=Rates())

    found = await figures(NOW, NOW + 2 * HOUR)
    assert found["emptyings"].of == 2
    assert found["distance"].value == (first.metres + second.metres) / 1000
    assert found["distance"].events == [first.id, second.id]
    assert found["fillAtEmptying"].value == 0.97
    assert (found["tonnes"].value, found["tonnes"].events) == (
        0.5,
        ["urn:ngsi-ld:WasteObserved:waste:ticket-1"],
    )
    nothing = await figures(NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert nothing["emptyings"].of == 0
    assert nothing["fillAtEmptying"].value is None
    assert nothing["distance"].value == 0

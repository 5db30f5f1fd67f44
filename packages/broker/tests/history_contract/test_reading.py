"""What a reader gets: windows, order, series of numbers, entities page by page."""

from __future__ import annotations

import pytest

from samstad_broker.domain.instance_ids import instance_id
from samstad_broker.domain.rows import Position
from samstad_broker.spi.history import HistorySelection, HistoryWindow

from .conftest import MINUTE_US, NIGHT_US, number

LAMP = "urn:ngsi-ld:Streetlight:roads:17"


def at(minute: int) -> int:
    return NIGHT_US + minute * MINUTE_US


@pytest.fixture
async def lamp(index, street):
    """One lamp whose power was observed at minutes 0, 10 … 90, out of order; its level twice."""
    street.write(LAMP, power=number(0, 0), level=number(70, 5))
    for minute in (30, 10, 20, 90, 40, 50, 80, 70, 60):
        street.write(LAMP, power=number(minute, minute))
    street.write(LAMP, level=[number(71, 15), number(72, 15, datasetId="urn:west")])
    await index.apply(street.rows)
    return await index.find("", "", LAMP)


async def power(index, lamp, **window):
    (found,) = await index.read([lamp], HistoryWindow(**window))
    return [instance["value"] for instance in found.get("power", ())]


async def test_instances_come_in_the_order_of_their_time(index, lamp):
    assert await power(index, lamp) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert await power(index, lamp, timeproperty="modifiedAt") == [0, 30, 10, 20, 90, 40, 50, 80, 70, 60]


async def test_the_window_holds_its_start_and_not_its_end(index, lamp):
    assert await power(index, lamp, start_us=at(20), end_us=at(40)) == [20, 30]
    assert await power(index, lamp, start_us=at(20) + 1, end_us=at(40) + 1) == [30, 40]
    assert not await power(index, lamp, start_us=at(91))


async def test_at_most_so_many_from_either_end(index, lamp):
    assert await power(index, lamp, most=2) == [0, 10]
    assert await power(index, lamp, most=2, latest=True) == [90, 80]
    assert await power(index, lamp, most=2, latest=True, end_us=at(45)) == [40, 30]
    assert await power(index, lamp, most=99, start_us=at(85)) == [90]


async def test_each_attribute_has_the_most_of_its_own(index, lamp):
    (found,) = await index.read([lamp], HistoryWindow(most=1, latest=True))
    assert {name: len(instances) for name, instances in found.items()} == {"power": 1, "level": 1}


async def test_instances_of_one_time_stand_as_they_were_written(index, lamp):
    (found,) = await index.read([lamp], HistoryWindow(attributes=frozenset({"level"})))
    assert [instance["value"] for instance in found["level"]] == [70, 71, 72]
    (found,) = await index.read([lamp], HistoryWindow(attributes=frozenset({"level"}), latest=True))
    assert [instance["value"] for instance in found["level"]] == [72, 71, 70]


async def test_only_the_attributes_and_datasets_asked_for(index, lamp):
    (found,) = await index.read([lamp], HistoryWindow(attributes=frozenset({"level", "colour"})))
    assert set(found) == {"level"}
    west = HistoryWindow(dataset_ids=frozenset({"urn:west"}))
    (found,) = await index.read([lamp], west)
    assert [instance["value"] for instance in found["level"]] == [72]
    assert "power" not in found
    (found,) = await index.read([lamp], HistoryWindow(dataset_ids=frozenset({"@none"})))
    assert [instance["value"] for instance in found["level"]] == [70, 71]


async def test_nothing_is_in_the_window_of_a_time_that_it_does_not_have(index, lamp):
    assert list(await index.read([lamp], HistoryWindow(timeproperty="deletedAt"))) == [{}]


async def test_what_a_reader_changes_is_not_changed_in_the_history(index, lamp):
    (found,) = await index.read([lamp], HistoryWindow(most=1))
    found["power"][0]["value"] = "scribbled"
    assert await power(index, lamp, most=1) == [0]


async def test_numbers_come_as_series_without_instances(index, lamp):
    window = HistoryWindow(attributes=frozenset({"power"}), start_us=at(10), end_us=at(40))
    (series,) = await index.read_numbers(lamp, window)
    assert (series.attribute, series.dataset_id) == ("power", None)
    assert list(series.times_us) == [at(10), at(20), at(30)]
    assert list(series.numbers) == [10.0, 20.0, 30.0]


async def test_each_dataset_is_a_series_of_its_own(index, lamp):
    found = await index.read_numbers(lamp, HistoryWindow(attributes=frozenset({"level"})))
    assert {series.dataset_id: list(series.numbers) for series in found} == {None: [70, 71], "urn:west": [72]}


@pytest.mark.parametrize("value", [True, "7", 2**63, {"a": 1}, [1]])
async def test_a_value_that_is_no_plain_number_is_no_series(index, street, value):
    street.write(LAMP, power=number(1, 1))
    street.write(LAMP, power=number(value, 2))
    await index.apply(street.rows)
    lamp = await index.find("", "", LAMP)
    assert await index.read_numbers(lamp, HistoryWindow()) is None
    (before,) = await index.read_numbers(lamp, HistoryWindow(end_us=at(2)))
    assert list(before.numbers) == [1]


async def test_a_deletion_in_the_window_is_no_number(index, street):
    street.write(LAMP, power=number(1, 1))
    street.write(LAMP, power=[])
    await index.apply(street.rows)
    lamp = await index.find("", "", LAMP)
    assert await index.read_numbers(lamp, HistoryWindow(timeproperty="modifiedAt")) is None
    assert len(await index.read_numbers(lamp, HistoryWindow())) == 1


async def test_an_instance_is_found_by_its_id_in_its_own_attribute(index, lamp):
    second = instance_id(Position(1, 2), 0)
    assert (await index.find_instance(lamp, "power", second))["value"] == 30
    assert await index.find_instance(lamp, "level", second) is None
    assert await index.find_instance(lamp, "power", "urn:ngsi-ld:AttributeInstance:x") is None


async def test_whether_there_is_an_attribute_or_a_dataset_of_it(index, lamp):
    assert await index.has_attribute(lamp, "level", "urn:west")
    assert await index.has_attribute(lamp, "level", "@none")
    assert not await index.has_attribute(lamp, "power", "urn:west")
    assert not await index.has_attribute(lamp, "colour", None)


@pytest.fixture
async def district(index, street):
    for place in range(20):
        kind = ("Lamp", "Bin")[place % 2]
        measured = {"power": number(place, place)} if kind == "Lamp" else {"level": number(place, place)}
        street.write(f"urn:ngsi-ld:Thing:{place}", types=(kind,), **measured)
    street.write("urn:ngsi-ld:Thing:4", types=("Lamp",), level=number(1, 1))
    await index.apply(street.rows)
    return index


async def listed(index, **selection):
    found, after = [], 0
    while page := await index.list_entities("", "", HistorySelection(**selection), after=after, limit=3):
        assert len(page) <= 3
        found += [int(entity.entity_id.rpartition(":")[2]) for entity in page]
        after = page[-1].key
    return found


async def test_all_entities_come_page_by_page_in_order_of_appearance(district):
    assert await listed(district) == list(range(20))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"types": ["Lamp"]}, range(0, 20, 2)),
        ({"types": ["Lamp", "Bin", "Lamp"]}, range(20)),
        ({"types": ["Junction"]}, ()),
        ({"attributes": ["level"]}, [1, 3, 4, 5, 7, 9, 11, 13, 15, 17, 19]),
        ({"attributes": ["level", "power"]}, range(20)),
        ({"types": ["Lamp"], "attributes": ["level"]}, [4]),
        ({"ids": ["urn:ngsi-ld:Thing:7", "urn:ngsi-ld:Thing:4", "urn:ngsi-ld:Thing:99"]}, [4, 7]),
        ({"ids": ["urn:ngsi-ld:Thing:7"], "types": ["Lamp"]}, ()),
    ],
)
async def test_a_selection_narrows_to_whom_it_names(district, selection, expected):
    assert await listed(district, **selection) == list(expected)


async def test_several_entities_are_read_at_once_each_in_its_place(district):
    page = await district.list_entities("", "", HistorySelection(), after=0, limit=4)
    found = await district.read(page, HistoryWindow(attributes=frozenset({"power"})))
    assert [[i["value"] for i in attributes.get("power", ())] for attributes in found] == [[0], [], [2], []]


async def test_figures_say_how_far_it_is(district, street):
    assert district.figures()["cursor"] == str(street.rows[-1].position)
    assert district.figures()["kind"] in {"memory", "sqlite"}

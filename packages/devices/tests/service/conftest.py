from __future__ import annotations

import copy

import pytest

from samstad_devices.domain.codec import Decoded
from samstad_devices.domain.names import CONTRACT, IDENTIFIERS, PROFILE
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.service.understand import Understanding
from samstad_devices.store.database import DATABASE, Database
from samstad_devices.store.frames import SqliteFrames
from samstad_ngsild.client import BatchOutcome, NotTaken, Unreachable
from samstad_ngsild.errors import AlreadyExists, ResourceNotFound

NOW = 1_764_036_000_000_000


class MemoryCity:
    """A broker as devices see it: entities in a dictionary, the order of what was told."""

    def __init__(self) -> None:
        self.entities: dict[str, dict] = {}
        self.history: list[dict] = []
        self.updates: list[dict] = []
        self.is_away = False

    def _reach(self) -> None:
        if self.is_away:
            raise Unreachable("No answer came.")

    def put(self, entity: dict) -> None:
        self.entities[entity["id"]] = copy.deepcopy(entity)

    async def find(self, entity_id):
        self._reach()
        return copy.deepcopy(self.entities.get(entity_id))

    async def pages(self, selection):
        self._reach()
        wanted = [one for one in self.entities.values() if one["type"] == selection.type]
        for start in range(0, len(wanted), 500):
            yield copy.deepcopy(wanted[start : start + 500])

    async def append(self, entity_id, fragment, *, overwrite=True):  # noqa: ARG002 - the port's
        self._reach()
        if entity_id not in self.entities:
            raise ResourceNotFound(f"There is no {entity_id}.")
        self.entities[entity_id].update(copy.deepcopy(fragment))

    async def delete_attribute(self, entity_id, name):
        self._reach()
        del self.entities[entity_id][name]

    async def create_many(self, entities):
        self._reach()
        outcome = BatchOutcome([], [], [])
        for one in entities:
            if one["id"] in self.entities:
                outcome.failed.append(NotTaken(one["id"], AlreadyExists(f"{one['id']} is there.")))
            else:
                self.put(one)
                outcome.created.append(one["id"])
        return outcome

    async def upsert(self, entities, *, update=False):
        self._reach()
        outcome = BatchOutcome([], [], [])
        for one in entities:
            (outcome.updated if one["id"] in self.entities else outcome.created).append(one["id"])
            self.put({**(self.entities.get(one["id"], {}) if update else {}), **one})
        return outcome

    async def update_many(self, entities):
        self._reach()
        entities = list(entities)
        assert len({one["id"] for one in entities}) == len(entities), "an entity twice in a batch"
        outcome = BatchOutcome([], [], [])
        for one in entities:
            if one["id"] not in self.entities:
                outcome.failed.append(NotTaken(one["id"], ResourceNotFound("There is none.")))
                continue
            self.updates.append(one)
            self.entities[one["id"]].update(copy.deepcopy(one))
            outcome.updated.append(one["id"])
        return outcome

    async def append_temporal(self, entity):
        self._reach()
        self.history.append(entity)


class Runner:
    """Says what bytes mean as JSON would, or raises what it is told to."""

    error: Exception | None = None

    async def decode(self, codec, frame):  # noqa: ARG002 - the port's
        if self.error:
            raise self.error
        return Decoded({"level": frame.payload[0]})

    async def encode(self, codec, data, *, port=None):
        raise NotImplementedError


class Codecs(dict):
    async def codec(self, digest):
        return self.get(digest)


class Clock:
    us = NOW

    def now_us(self) -> int:
        return self.us


def device(number=1, **attributes) -> dict:
    told = {
        "lifeCycle": {"type": "Property", "value": "inService"},
        "refDeviceModel": {"type": "Relationship", "object": "urn:ngsi-ld:DeviceModel:a:m"},
        "controlledAsset": {"type": "Relationship", "object": f"urn:ngsi-ld:WasteContainer:a:{number}"},
        IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{number:016X}"]},
        CONTRACT: {"type": "Property", "value": "C-1"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [18.0, 59.3]}},
        **attributes,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    return {"id": f"urn:ngsi-ld:Device:a:{number}", "type": "Device", **kept}


def model(**profile) -> dict:
    told = {
        "decoder": "cayenne-lpp",
        "fields": [
            {"path": "percentage_1", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1}
        ],
        "expectedIntervalS": 3600,
        **profile,
    }
    return {
        "id": "urn:ngsi-ld:DeviceModel:a:m",
        "type": "DeviceModel",
        PROFILE: {"type": "JsonProperty", "json": told},
    }


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def codecs():
    return Codecs()


@pytest.fixture
def city():
    city = MemoryCity()
    city.put(model())
    for number in (1, 2):
        city.put(device(number))
        city.put({"id": f"urn:ngsi-ld:WasteContainer:a:{number}", "type": "WasteContainer"})
    return city


@pytest.fixture
async def database(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def frames(database):
    store = SqliteFrames(database)
    yield store
    await store.close()


@pytest.fixture
async def directory(city):
    directory = Directory()
    await directory.load(city)
    return directory


@pytest.fixture
async def ingest(frames, directory, city, clock, runner, codecs):  # noqa: PLR0917 - fixtures
    ingest = Ingest(
        frames=frames,
        directory=directory,
        understanding=Understanding(codecs, runner),
        city=city,
        now_us=clock.now_us,
    )
    await ingest.open()
    return ingest


@pytest.fixture
def device_of():
    return device


@pytest.fixture
def model_of():
    return model

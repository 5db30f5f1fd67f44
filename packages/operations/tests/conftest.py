"""A city's rules, and a database in a temporary directory."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import samstad_operations
from samstad_operations.domain.reading import read_book
from samstad_operations.store.database import Database
from samstad_operations.store.keeping import SqliteKeeping

RULES = """
zone = "Europe/Stockholm"

[contacts.anna]
email = "anna@city.example"
quiet = "22:00-06:00"

[contacts.desk]
webhook = "https://desk.city.example/alerts"

[contacts.chief]
email = "chief@city.example"

[rotas.street]
otherwise = ["desk"]
shifts = [{ days = ["mon", "tue", "wed", "thu", "fri"], hours = "07:00-16:00", to = ["anna"] }]

[rules.faults]
severity = "medium"
to = ["anna", "street"]
escalate = [{ after_minutes = 20, to = ["chief"] }]
"""


@pytest.fixture
def rules() -> str:
    return RULES


@pytest.fixture
def book():
    return read_book(tomllib.loads(RULES))


@pytest.fixture
def texts() -> dict[str, str]:

    path = Path(samstad_operations.__file__).parent / "locales" / "en.json"
    return json.loads(path.read_text("utf-8"))


@pytest.fixture
async def keeping(tmp_path):
    database = Database(tmp_path / "operations.db")
    await database.open()
    yield SqliteKeeping(database)
    await database.close()

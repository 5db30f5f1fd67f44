from __future__ import annotations

import pytest

from samstad_models.contexts import CITY, context_url, get_context
from samstad_ngsild.client import Client
from samstad_ngsild.memory import MemoryContextSource
from samstad_waste.domain.conditions import KINDS, Limits
from samstad_waste.service.alerting import Alerting
from samstad_waste.service.bins import Bins
from samstad_waste.service.writing import Writer

NOW = 1_764_036_000_000_000
HOUR = 3_600_000_000


@pytest.fixture
def source():
    return MemoryContextSource(contexts={context_url(CITY): get_context(CITY)})


@pytest.fixture
def city(source):
    return Client(source, context=context_url(CITY))


@pytest.fixture
def bins():
    return Bins()


@pytest.fixture
def told():
    return []


@pytest.fixture
def writer(bins, city, told):
    return Writer(bins, city, told=told.append)


@pytest.fixture
def alerting(bins, city):
    texts = dict.fromkeys(KINDS, "{name} {level} {temperature}")
    return Alerting(bins, city, Limits(), texts)

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from samstad_access.domain.audit import ChainedEntry
from samstad_access.domain.principal import PrincipalKind, PrincipalRecord
from samstad_access.domain.role import Binding
from samstad_access.service.access import Access, Surroundings
from samstad_access.service.act import Act
from samstad_access.settings import AccessSettings
from samstad_access.spi.sinks import Attention
from samstad_access.spi.store import AccessStore
from samstad_access.store.memory import MemoryStore
from samstad_access.store.sqlite.store import SqliteStore

NOW_US = 1_795_000_000_000_000
BIN = "https://smartdatamodels.org/dataModel.WasteManagement/WasteContainer"
LAMP = "https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"


class House:
    """A node's access with what it told the outside."""

    def __init__(self, store: AccessStore, settings: AccessSettings | None = None, policy: str = "") -> None:
        numbers = count(1)
        self.audit: list[ChainedEntry] = []
        self.attention: list[Attention] = []
        self.access = Access(
            settings or AccessSettings(),
            Surroundings(
                store=store,
                audit=self.audit.append,
                attention=self.attention.append,
                policy=policy,
                random=lambda size: next(numbers).to_bytes(size, "little"),
            ),
        )
        self.act = Act(who="local", now_us=NOW_US)

    def give(self, name: str, role: str, **binding) -> str:
        """Make a principal with one binding and return a key of it."""
        bound = Binding(role=role, **{"tenants": ("north",), **binding})
        self.access.principals.create(
            self.act, PrincipalRecord(id=name, kind=PrincipalKind.SERVICE, bindings=(bound,))
        )
        return self.access.keys.create(self.act, name).text

    def come(self, key: str, *, now_us: int = NOW_US):
        return self.access.identify({"x-api-key": key}, now_us=now_us)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path) -> Iterator[AccessStore]:
    kept = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "access.db")
    yield kept
    kept.close()


@pytest.fixture
def house() -> House:
    return House(MemoryStore())


@pytest.fixture
def build() -> Callable[..., House]:
    return lambda **given: House(MemoryStore(), **given)


@pytest.fixture
def now_us() -> int:
    return NOW_US

"""One request as an operation sees it, and how answers are made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from samstad_ngsild.client.transport import Answer
from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.errors import BadRequestData, InvalidRequest, NgsiLdError, TooManyResults
from samstad_ngsild.memory.dataset import Dataset

__all__ = ["Exchange", "Page", "done", "made", "problem", "shown"]

_MOST = 1_000
_DEFAULT_PAGE = 20
_JSON = {"content-type": "application/json"}


class Page(NamedTuple):
    """Which part of a result was asked for."""

    limit: int
    offset: int
    counted: bool


class Exchange(msgspec.Struct):
    """One request.

    Attributes:
        path: the named parts of the path, decoded.
        parameters: of the query, decoded.
        body: parsed, without its @context; None where there is none.
        context: in which names are meant.
        contexts: those of the items of a batch, where they bring their own.
        dataset: the tenant's.
        now_us: the time, µs since 1970 UTC.
    """

    path: Mapping[str, str]
    parameters: Mapping[str, str]
    body: Any
    context: Context
    contexts: list[Context]
    dataset: Dataset
    now_us: int

    @property
    def now(self) -> str:
        """The time as ISO text."""
        return iso(self.now_us)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raise InvalidRequest for a parameter that the operation does not know (clause 6.3.20)."""
        for name in self.parameters:
            if name not in known:
                raise InvalidRequest(f"This operation does not know the parameter {name!r}.", pointer=name)

    def options(self) -> frozenset[str]:
        """Return the words of ``options``."""
        return frozenset(filter(None, self.parameters.get("options", "").split(",")))

    def format(self) -> str:
        """Return the representation asked for (clause 6.3.7)."""
        asked = self.parameters.get("format", "")
        if not asked:
            words = self.options() & {"keyValues", "simplified", "concise"}
            asked = min(words, default="normalized")
        return "simplified" if asked == "keyValues" else asked

    def flag(self, name: str) -> bool:
        """Return a Boolean parameter; absent is false."""
        return self.parameters.get(name) == "true"

    def page(self) -> Page:
        """Return limit, offset and whether the total is asked for (clauses 6.3.10 and 6.3.13)."""
        limit = self._natural("limit", _DEFAULT_PAGE)
        count = self.flag("count")
        if limit > _MOST:
            raise TooManyResults(f"A page holds at most {_MOST} elements.", pointer="limit")
        if limit == 0 and not count:
            raise InvalidRequest("A limit of 0 is for count=true.", pointer="limit")
        return Page(limit, self._natural("offset", 0), count)

    def object(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            raise BadRequestData("The body is a JSON object.", pointer="")
        return self.body

    def array(self) -> list[Any]:
        """Return the body, which must be a JSON array of a size that is taken at once."""
        if not isinstance(self.body, list) or not self.body:
            raise BadRequestData("The body is an array of at least one item.", pointer="")
        if len(self.body) > _MOST:
            raise BadRequestData(f"A batch holds at most {_MOST} items.", pointer="")
        return self.body

    def _natural(self, name: str, default: int) -> int:
        text = self.parameters.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()):
            raise InvalidRequest(f"The parameter {name} is a whole number.", pointer=name)
        return int(text)


def shown(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    return Answer(status, {**_JSON, **(headers or {})}, orjson.dumps(content))


def made(collection: str, identity: str) -> Answer:
    """Answer that a resource was created."""
    return Answer(201, {"location": f"/ngsi-ld/v1/{collection}/{identity}"})


def done() -> Answer:
    """Answer that there is nothing more to tell."""
    return Answer(204, {})


def problem(error: NgsiLdError) -> Answer:
    """Answer with problem details (clause 5.5.3)."""
    headers = {"content-type": "application/problem+json"}
    return Answer(error.status, headers, orjson.dumps(error.problem()))

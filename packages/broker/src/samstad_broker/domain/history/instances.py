"""Instances in the history: their times, their number, and what corrections and redactions make of them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from samstad_broker.domain.history.effects import DEFAULT_DATASET
from samstad_ngsild.document import NULL, VALUE_MEMBER, Instance
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData

__all__ = ["Times", "joins_dataset", "number_of", "redacted", "replaced", "time_us", "times_of"]

_KEPT_OF_REDACTED = ("datasetId", "instanceId", "observedAt", "createdAt", "modifiedAt")


class Times(NamedTuple):
    """The temporal properties of an instance, µs since 1970 UTC; None where it has none."""

    observedAt: int | None  # noqa: N815 - a window names its temporal property as the standard does
    createdAt: int | None  # noqa: N815
    modifiedAt: int | None  # noqa: N815
    deletedAt: int | None  # noqa: N815


def times_of(instance: Instance) -> Times:
    """Return the times of an instance."""
    get = instance.get
    return Times(
        time_us(get("observedAt"), None),
        time_us(get("createdAt"), None),
        time_us(get("modifiedAt"), None),
        time_us(get("deletedAt"), None),
    )


@lru_cache(maxsize=4096)
def time_us(text: str | None, otherwise: int | None) -> int | None:
    """Return a time as µs since 1970 UTC, or something else for None and for what is no time.

    Only foreign data can hold what is no time. Many instances of a batch have one time.
    """
    if text is None:
        return otherwise
    try:
        return parse_datetime(text)
    except BadRequestData:
        return otherwise


def number_of(instance: Instance) -> float | None:
    """Return the value of a Property that is a plain number, otherwise None."""
    if instance["type"] != "Property":
        return None
    value = instance.get("value")
    # A number beyond a double, and bool, which is an int to Python, go the general way.
    if type(value) is float or (type(value) is int and -(2**63) <= value < 2**63):
        return value
    return None


def joins_dataset(instance: Instance, dataset_id: str | None) -> bool:
    """Whether an instance is of a dataset: ``DEFAULT_DATASET`` the one without an id, None any."""
    return dataset_id is None or instance.get("datasetId", DEFAULT_DATASET) == dataset_id


def replaced(known: Instance, correction: Instance) -> Instance:
    """Return the instance that stands in the place of another: id and creation stay (clause 5.6.14.4)."""
    kept = {name: known[name] for name in ("instanceId", "createdAt") if name in known}
    return correction | kept


def redacted(instance: Instance, at: str) -> Instance:
    """Return an instance without its value, unit and sub-attributes: the value was deleted ``at`` a time."""
    kind = instance["type"]
    kept = {name: instance[name] for name in _KEPT_OF_REDACTED if name in instance}
    return {"type": kind, VALUE_MEMBER[kind]: NULL, **kept, "deletedAt": at}

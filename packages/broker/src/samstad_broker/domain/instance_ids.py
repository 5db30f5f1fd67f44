"""Ids of attribute instances in the history, made from the place of the instance in the log.

The id of an instance (``instanceId``) is never stored with it: row and ordinal give it,
and it gives them back. The ordinal counts over the attributes of a row's ``set`` in their order, then over
the instances of each, and it counts instances that the row repeats unchanged as well, so that it depends
on the row alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from samstad_broker.domain.rows import Position

__all__ = ["INSTANCE_ID_PREFIX", "WrittenInstance", "instance_id", "instance_place", "written_instances"]

INSTANCE_ID_PREFIX = "urn:ngsi-ld:AttributeInstance:"


class WrittenInstance(NamedTuple):
    """An attribute instance that a row brought into the history."""

    ordinal: int
    attribute: str
    instance: dict[str, Any]


def instance_id(position: Position, ordinal: int) -> str:
    """Return the ``instanceId`` of the ordinal-th instance (from 0) of the row at a position."""
    return f"{INSTANCE_ID_PREFIX}{position[0]}-{position[1]}-{ordinal}"


def instance_place(text: str) -> tuple[Position, int] | None:
    """Return where in the log an instance is, or None when this node cannot have given the id."""
    if not text.startswith(INSTANCE_ID_PREFIX):
        return None
    parts = text[len(INSTANCE_ID_PREFIX) :].split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    place = Position(int(parts[0]), int(parts[1])), int(parts[2])
    # Leading zeros would give one instance many names.
    return place if instance_id(*place) == text else None


def written_instances(payload: Mapping[str, Any]) -> Iterator[WrittenInstance]:
    """Yield the instances that a change or history-add row wrote, without those it repeats unchanged.

    A row names all instances of a touched attribute; an instance of another ``datasetId`` that is the same
    in ``before`` is no new observation.
    """
    before: Mapping[str, Sequence[Any]] = payload.get("before") or {}
    ordinal = 0
    for attribute, instances in payload["set"].items():
        known = before.get(attribute, ())
        for instance in instances:
            if instance not in known:
                yield WrittenInstance(ordinal, attribute, instance)
            ordinal += 1

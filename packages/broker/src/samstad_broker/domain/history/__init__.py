"""The history of entities: what rows of the log mean to it."""

from samstad_broker.domain.history.effects import (
    DEFAULT_DATASET,
    Effect,
    Forgotten,
    Known,
    Outdated,
    Redacted,
    Replaced,
    Written,
    deletion_record,
    effects_of,
    ended_instances,
    stamped,
)
from samstad_broker.domain.history.instances import (
    Times,
    joins_dataset,
    number_of,
    redacted,
    replaced,
    time_us,
    times_of,
)

__all__ = [
    "DEFAULT_DATASET",
    "Effect",
    "Forgotten",
    "Known",
    "Outdated",
    "Redacted",
    "Replaced",
    "Times",
    "Written",
    "deletion_record",
    "effects_of",
    "ended_instances",
    "joins_dataset",
    "number_of",
    "redacted",
    "replaced",
    "stamped",
    "time_us",
    "times_of",
]

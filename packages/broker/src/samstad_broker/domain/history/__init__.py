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
    effects_of,
)
from samstad_broker.domain.history.instances import (
    Times,
    joins_dataset,
    number_of,
    redacted,
    replaced,
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
    "effects_of",
    "joins_dataset",
    "number_of",
    "redacted",
    "replaced",
    "times_of",
]

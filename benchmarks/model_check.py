"""Measure the check of an entity against its model, as the broker asks for it at each write.

Usage: .venv/bin/python benchmarks/model_check.py. Prints microseconds per example entity of each type: the
median and the spread of five rounds.
"""

from __future__ import annotations

import statistics
import timeit
from typing import Any

from samstad_models.catalogue import EntityType, list_types
from samstad_node.broker_role.model_checks import ModelChecks
from samstad_node.observe import Metrics
from samstad_node.settings.derive import ModelMode

ROUNDS = 5
REPEATS = 5_000
MEMBERS = {"Property": "value", "GeoProperty": "value", "Relationship": "object", "JsonProperty": "json"}


def document(entity_type: EntityType) -> dict[str, Any]:
    """Return the type's example as an entity document."""
    found: dict[str, Any] = {"id": entity_type.example["id"], "type": [entity_type.iri]}
    for attribute in entity_type.attributes:
        if attribute.name in entity_type.example:
            value = entity_type.example[attribute.name]
            if attribute.kind == "JsonProperty":
                value = value["json"]
            found[attribute.iri] = [{"type": attribute.kind, MEMBERS[attribute.kind]: value}]
    return found


def main() -> None:
    """Print the table."""
    checks = ModelChecks({"": ModelMode.WARN}, now_us=lambda: 0, metrics=Metrics(), kept=10)
    print("| type | attributes | microseconds | spread |\n| --- | ---: | ---: | ---: |")
    for entity_type in list_types():
        entity = document(entity_type)
        rounds = [
            timeit.timeit(lambda entity=entity: checks("", entity), number=REPEATS) / REPEATS * 1e6
            for _ in range(ROUNDS)
        ]
        spread = f"{min(rounds):.1f}-{max(rounds):.1f}"
        print(f"| {entity_type.name} | {len(entity) - 2} | {statistics.median(rounds):.1f} | {spread} |")
    if checks.noted:
        raise SystemExit(f"an example breaks its own model: {checks.noted[0]}")


if __name__ == "__main__":
    main()

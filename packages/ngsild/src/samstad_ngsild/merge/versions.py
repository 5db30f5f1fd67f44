"""Versions of one entity from several context sources → one document (clauses 4.5.5.2, 4.5.5.3 and 4.18)."""

from __future__ import annotations

from collections.abc import Sequence

from samstad_ngsild.document import EntityDocument, Instance, attribute_names
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData

__all__ = ["combine_versions"]


def combine_versions(versions: Sequence[EntityDocument], *, now_us: int) -> EntityDocument:
    """Return one document from the versions of an entity, none of which is mutated.

    - Of several instances with one datasetId, an expired one never counts; then the latest observedAt wins,
      then the latest modifiedAt, then the version that comes first.
    - Types and scopes are joined; createdAt is the earliest, modifiedAt the latest.
    - The entity expires when the last version does, and never if one version never does; each version's
      own expiresAt is handed down to its attributes, where it is the earlier one.

    Args:
        versions: at least one document, all with the same id.
        now_us: the time, in µs since 1970 UTC, for what has expired.
    """
    combined: EntityDocument = {"id": versions[0]["id"]}
    combined["type"] = _joined(versions, "type")
    if any("scope" in version for version in versions):
        combined["scope"] = _joined(versions, "scope")
    for member, choose in (("createdAt", min), ("modifiedAt", max)):
        times = [version[member] for version in versions if member in version]
        if times:
            combined[member] = choose(times)
    if all("expiresAt" in version for version in versions):
        combined["expiresAt"] = max((version["expiresAt"] for version in versions), key=_time)
    for version in versions:
        for name in attribute_names(version):
            if name not in combined:
                instances = _combined_instances(name, versions, now_us)
                if instances:
                    combined[name] = instances
    return combined


def _joined(versions: Sequence[EntityDocument], member: str) -> list[str]:
    return list(dict.fromkeys(item for version in versions for item in version.get(member, ())))


def _combined_instances(name: str, versions: Sequence[EntityDocument], now_us: int) -> list[Instance]:
    chosen: dict[str | None, Instance] = {}
    for version in versions:
        for instance in version.get(name, ()):
            limited = _limited(instance, version.get("expiresAt"))
            if "expiresAt" in limited and _time(limited["expiresAt"]) <= now_us:
                continue
            dataset_id = limited.get("datasetId")
            rival = chosen.get(dataset_id)
            if rival is None or _recency(limited) > _recency(rival):
                chosen[dataset_id] = limited
    default = chosen.pop(None, None)
    return [*([] if default is None else [default]), *chosen.values()]


def _limited(instance: Instance, expires_at: str | None) -> Instance:
    """Hand the expiresAt of an entity down to an instance that would live longer (clause 4.5.5.2)."""
    if expires_at is None:
        return instance
    if "expiresAt" in instance and _time(instance["expiresAt"]) <= _time(expires_at):
        return instance
    return {**instance, "expiresAt": expires_at}


def _recency(instance: Instance) -> tuple[int, int]:
    """Return what tells the more recent instance; one with observedAt goes before one without."""
    never = -(1 << 62)
    observed = _time(instance["observedAt"]) if "observedAt" in instance else never
    return observed, _time(instance["modifiedAt"]) if "modifiedAt" in instance else never


def _time(text: str) -> int:
    """Return a time in µs; what a peer got wrong counts as the beginning of time."""
    try:
        return parse_datetime(text)
    except BadRequestData:
        return -(1 << 61)

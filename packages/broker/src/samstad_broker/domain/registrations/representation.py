"""A registration as clients see it (clauses 5.2.9, 5.10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import iso

__all__ = ["represent_progress", "represent_registration"]


def represent_registration(
    stored: Mapping[str, Any], context: Context, *, sys_attrs: bool = False, with_secrets: bool = False
) -> dict[str, Any]:
    """Return the JSON members of a registration, names compacted, without @context.

    Args:
        stored: the registration as it is kept.
        context: compacts the names.
        sys_attrs: with the system's times.
        with_secrets: with contextSourceInfo, which holds the credentials for the source (clause 4.3.6.5).
    """
    compact = context.compact
    body = {(compact(name) if ":" in name else name): value for name, value in stored["body"].items()}
    if not with_secrets:
        body.pop("contextSourceInfo", None)
    body["information"] = [_info(info, context) for info in stored["body"]["information"]]
    if sys_attrs:
        body["createdAt"] = iso(stored["createdUs"])
        body["modifiedAt"] = iso(stored["modifiedUs"])
    return body


def _info(info: Mapping[str, Any], context: Context) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in info.items():
        if name == "entities":
            shown[name] = [{**entity, "type": _types(entity["type"], context)} for entity in value]
        else:
            shown[name] = [context.compact(iri) for iri in value]
    return shown


def _types(types: list[str], context: Context) -> str | list[str]:
    names = [context.compact(iri) for iri in types]
    return names[0] if len(names) == 1 else names


def represent_progress(*, sent: int, failed: int, success_us: int, failure_us: int) -> dict[str, Any]:
    """Return the members that tell how requests to a source went (Table 5.2.9-2)."""
    body: dict[str, Any] = {
        "status": "failed" if failure_us > success_us else "ok",
        "timesSent": sent,
        "timesFailed": failed,
    }
    if success_us:
        body["lastSuccess"] = iso(success_us)
    if failure_us:
        body["lastFailure"] = iso(failure_us)
    return body

"""The ``notification`` member of a subscription (clause 5.2.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions.endpoint import parse_endpoint
from samstad_broker.domain.subscriptions.members import boolean, positive_integer, texts
from samstad_broker.domain.subscriptions.subscription import Format, NotificationParams
from samstad_broker.domain.subscriptions.terms import RecordedNames
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.query.projection import Projection, parse_projection

__all__ = ["FORMATS", "OUTPUT_ONLY", "parse_notification"]

FORMATS: dict[str, Format] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}
OUTPUT_ONLY = frozenset(
    {"status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure"}
)
"""Members that the node alone writes; given by a subscriber they are ignored (clause 5.2.14.2)."""

_MEMBERS = frozenset(
    {"endpoint", "attributes", "format", "join", "joinLevel", "omit", "pick", "showChanges", "sysAttrs"}
)
_JOINS = ("flat", "inline", "@none")
_CORE_NAMES = ("id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt")


def parse_notification(value: Any, names: RecordedNames) -> NotificationParams:
    """Return what a subscription wants its notifications to be.

    Raises:
        BadRequestData: a member is missing, wrong, or contradicts another.
    """
    if not isinstance(value, dict):
        raise BadRequestData("notification must be an object with an endpoint.", pointer="/notification")
    unknown = sorted(set(value) - _MEMBERS - OUTPUT_ONLY)
    if unknown:
        raise BadRequestData(
            f"notification has no member {unknown[0]!r}; it has {', '.join(sorted(_MEMBERS))}.",
            pointer=f"/notification/{unknown[0]}",
        )
    shape = _format(value)
    show_changes = boolean(value.get("showChanges", False), "/notification/showChanges")
    if show_changes and shape == "simplified":
        raise BadRequestData(
            "showChanges needs a format that can carry previous values: normalized or concise.",
            pointer="/notification/showChanges",
        )
    return NotificationParams(
        endpoint=parse_endpoint(value.get("endpoint")),
        format=shape,
        pick=_pick(value, names),
        omit=_projection(value, "omit", names),
        join=_join(value),
        join_level=positive_integer(value.get("joinLevel", 1), "/notification/joinLevel"),
        show_changes=show_changes,
        sys_attrs=boolean(value.get("sysAttrs", False), "/notification/sysAttrs"),
    )


def _format(value: Mapping[str, Any]) -> Format:
    asked = value.get("format", "normalized")
    if not isinstance(asked, str) or asked not in FORMATS:
        raise BadRequestData(f"format must be one of {', '.join(FORMATS)}.", pointer="/notification/format")
    return FORMATS[asked]


def _join(value: Mapping[str, Any]) -> str:
    asked = value.get("join", "@none")
    if asked not in _JOINS:
        raise BadRequestData(f"join must be one of {', '.join(_JOINS)}.", pointer="/notification/join")
    if "joinLevel" in value and asked == "@none":
        raise BadRequestData("joinLevel needs join to be flat or inline.", pointer="/notification/joinLevel")
    return str(asked)


def _projection(value: Mapping[str, Any], name: str, names: RecordedNames) -> Projection | None:
    if name not in value:
        return None
    pointer = f"/notification/{name}"
    return parse_projection(texts(value[name], pointer), pointer=pointer).expanded(names)


def _pick(value: Mapping[str, Any], names: RecordedNames) -> Projection | None:
    """Return ``pick``, or what the deprecated ``attributes`` stands for."""
    pick = _projection(value, "pick", names)
    if "attributes" not in value:
        _check_apart(pick, _projection(value, "omit", names))
        return pick
    if pick is not None or "omit" in value:
        raise BadRequestData(
            "attributes is the old form of pick; give pick and omit alone.",
            pointer="/notification/attributes",
        )
    given = texts(value["attributes"], "/notification/attributes")
    for position, name in enumerate(given):
        pointer = f"/notification/attributes/{position}"
        if name in _CORE_NAMES:
            raise BadRequestData(f"attributes cannot name {name}; use pick.", pointer=pointer)
        names.attribute(name, pointer)
    return Projection(tuple((name, None) for name in (*_CORE_NAMES, *map(names.expand, given))))


def _check_apart(pick: Projection | None, omit: Projection | None) -> None:
    if pick is None or omit is None:
        return
    both = sorted(name for name in pick.names & omit.names if omit.linked(name) is None)
    if both:
        raise BadRequestData(
            f"{both[0]} is in pick and in omit; leave it out of one.", pointer="/notification/omit"
        )

"""From a subscription's body to a Subscription (clauses 5.2.12 and 5.8.1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.subscriptions.changes import Trigger
from samstad_broker.domain.subscriptions.conditions import parse_condition
from samstad_broker.domain.subscriptions.members import boolean, positive_us, text, texts
from samstad_broker.domain.subscriptions.notification import OUTPUT_ONLY, parse_notification
from samstad_broker.domain.subscriptions.selectors import parse_selectors
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.domain.subscriptions.terms import RecordedNames
from samstad_ngsild.context import Context
from samstad_ngsild.document import NGSI_LD
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.entities.language import parse_languages
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.entities.represent import Representation
from samstad_ngsild.errors import BadRequestData, InvalidRequest
from samstad_ngsild.query.q_compile import Linked
from samstad_ngsild.query.q_parser import parse_q

__all__ = ["MEMBERS", "READ_ONLY", "parse_subscription"]

MEMBERS = frozenset(
    {
        "id", "type", "entities", "notification", "notificationTrigger", "watchedAttributes", "q", "geoQ",
        "scopeQ", "temporalQ", "csf", "datasetId", "description", "expandValues", "expiresAt", "isActive",
        "jsonKeys", "jsonldContext", "lang", "localOnly", "ngsildConformance", "splitEntities",
        "subscriptionName", "throttling", "timeInterval",
    }
)  # fmt: skip
READ_ONLY = frozenset({"status", "createdAt", "modifiedAt", "@context"})
"""Members that the node writes, or that were read before; given by a subscriber they are ignored."""

TRIGGERS = {
    "entityCreated": Trigger.ENTITY_CREATED,
    "entityUpdated": Trigger.ENTITY_UPDATED,
    "entityDeleted": Trigger.ENTITY_DELETED,
    "attributeCreated": Trigger.ATTRIBUTE_CREATED,
    "attributeUpdated": Trigger.ATTRIBUTE_UPDATED,
    "attributeDeleted": Trigger.ATTRIBUTE_DELETED,
}
_SECOND_US = 1_000_000
_TEXTS = ("description", "subscriptionName", "expandValues", "jsonKeys", "csf")
_TIME_RELATIONS = ("before", "after", "between")


def parse_subscription(  # noqa: PLR0913 - context and time are arguments, by keyword
    body: Mapping[str, Any],
    context: Context,
    *,
    now_us: int,
    subscription_id: str,
    notification_context: Context | None = None,
    created_us: int | None = None,
    linked: Linked | None = None,
    may_be_expired: bool = False,
) -> Subscription:
    """Return the subscription that a body describes.

    Args:
        body: the JSON members; what the node alone writes is ignored.
        context: in which names are meant.
        now_us: the time; ``expiresAt`` must be later.
        subscription_id: its id where the body has none.
        notification_context: what ``jsonldContext`` refers to; by default ``context``.
        created_us: when it was created, where that was earlier.
        linked: finds entities for terms of q that follow relationships.
        may_be_expired: whether ``expiresAt`` may lie in the past: for subscriptions read from the log.

    Raises:
        BadRequestData: a restriction of clause 5.2.12 is not met; ``pointer`` names the member.
    """
    content = _content(body)
    _check_combinations(content)
    names = RecordedNames(context)
    expires_us = _expiry(content, now_us, may_be_expired=may_be_expired)
    condition = parse_condition(content, names, linked=linked)
    notification = parse_notification(content.get("notification"), names)
    _check_rest(content)
    return Subscription(
        id=check_uri(content.get("id", subscription_id), pointer="/id"),
        content={"id": subscription_id, **content},
        context=context,
        notification_context=notification_context or context,
        notification=notification,
        created_us=now_us if created_us is None else created_us,
        modified_us=now_us,
        selectors=parse_selectors(content["entities"], names) if "entities" in content else (),
        watched=_watched(content, names),
        triggers=_triggers(content),
        condition=condition.predicate,
        intervals=condition.intervals,
        intervals_decide=condition.intervals_decide,
        representation=Representation(
            format=notification.format,
            sys_attrs=notification.sys_attrs,
            lang=_lang(content),
            pick=notification.pick,
            omit=notification.omit,
            dataset_ids=_dataset_ids(content),
        ),
        throttling_us=_seconds(content, "throttling") or 0,
        interval_us=_seconds(content, "timeInterval"),
        expires_us=expires_us,
        is_active=boolean(content.get("isActive", True), "/isActive"),
        terms=names.terms,
    )


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a subscriber may give."""
    if not isinstance(body, dict):
        raise BadRequestData("A subscription is a JSON object.", pointer="")
    content = {name: value for name, value in body.items() if name not in READ_ONLY}
    for name, value in content.items():
        if name not in MEMBERS:
            raise BadRequestData(
                f"A subscription has no member {name!r}; look for a misspelling.", pointer=f"/{name}"
            )
        if value is None:
            raise BadRequestData(f"{name} is null; leave it out instead.", pointer=f"/{name}")
    if content.get("type") not in ("Subscription", NGSI_LD + "Subscription"):
        raise BadRequestData("The type of a subscription is Subscription.", pointer="/type")
    content["type"] = "Subscription"
    if isinstance(content.get("notification"), dict):
        notification = content["notification"].items()
        content["notification"] = {name: value for name, value in notification if name not in OUTPUT_ONLY}
    return content


def _check_combinations(content: Mapping[str, Any]) -> None:
    """Hold the members against each other (Table 5.2.12-1)."""
    if "timeInterval" in content:
        for name in ("watchedAttributes", "throttling"):
            if name in content:
                raise BadRequestData(f"{name} cannot stand beside timeInterval.", pointer=f"/{name}")
    local_only = boolean(content.get("localOnly", False), "/localOnly")
    if local_only or "entities" in content:
        if "localOnly" in content and not local_only and _asks_for_everything(content["entities"]):
            raise BadRequestData(
                "The type '*' implies local scope; localOnly cannot be false (clause 5.2.33).",
                pointer="/localOnly",
            )
        return
    if "timeInterval" in content:
        raise BadRequestData("timeInterval needs entities.", pointer="/entities")
    if "watchedAttributes" not in content:
        raise BadRequestData(
            "A subscription needs entities or watchedAttributes, or localOnly to be true.",
            pointer="/entities",
        )


def _asks_for_everything(entities: Any) -> bool:
    return isinstance(entities, list) and any(
        isinstance(selector, dict) and selector.get("type") == "*" for selector in entities
    )


def _expiry(content: Mapping[str, Any], now_us: int, *, may_be_expired: bool) -> int | None:
    if "expiresAt" not in content:
        return None
    expires_us = parse_datetime(content["expiresAt"], pointer="/expiresAt")
    if expires_us <= now_us and not may_be_expired:
        raise BadRequestData(
            f"expiresAt is {content['expiresAt']}, which has passed; give a time to come.",
            pointer="/expiresAt",
        )
    return expires_us


def _watched(content: Mapping[str, Any], names: RecordedNames) -> frozenset[str]:
    if "watchedAttributes" not in content:
        return frozenset()
    given = texts(content["watchedAttributes"], "/watchedAttributes")
    return frozenset(
        names.attribute(name, f"/watchedAttributes/{position}") for position, name in enumerate(given)
    )


def _triggers(content: Mapping[str, Any]) -> Trigger:
    if "notificationTrigger" not in content:
        return Trigger.DEFAULT
    triggers = Trigger(0)
    for position, name in enumerate(texts(content["notificationTrigger"], "/notificationTrigger")):
        if name not in TRIGGERS:
            raise BadRequestData(
                f"{name!r} is no notification trigger; there are {', '.join(TRIGGERS)}.",
                pointer=f"/notificationTrigger/{position}",
            )
        triggers |= TRIGGERS[name]
    return triggers


def _dataset_ids(content: Mapping[str, Any]) -> frozenset[str] | None:
    if "datasetId" not in content:
        return None
    given = content["datasetId"]
    listed = texts([given] if isinstance(given, str) else given, "/datasetId")
    for position, name in enumerate(listed):
        if name != "@none":
            check_uri(name, pointer=f"/datasetId/{position}", what="datasetId")
    return frozenset(listed)


def _lang(content: Mapping[str, Any]) -> str | None:
    if "lang" not in content:
        return None
    ranges = text(content["lang"], "/lang")
    try:
        parse_languages(ranges)
    except InvalidRequest as error:
        raise BadRequestData(error.detail, pointer="/lang") from None
    return ranges


def _seconds(content: Mapping[str, Any], name: str) -> int | None:
    return positive_us(content[name], f"/{name}", unit_us=_SECOND_US) if name in content else None


def _check_rest(content: Mapping[str, Any]) -> None:
    """Check members that change nothing in matching."""
    for name in _TEXTS:
        if name in content:
            text(content[name], f"/{name}")
    if "csf" in content:
        parse_q(content["csf"], pointer="/csf")
    if "splitEntities" in content:
        boolean(content["splitEntities"], "/splitEntities")
    if "jsonldContext" in content:
        check_uri(content["jsonldContext"], pointer="/jsonldContext", what="jsonldContext")
    if "ngsildConformance" in content:
        _check_version(content["ngsildConformance"])
    if "temporalQ" in content:
        _check_temporal(content["temporalQ"])


def _check_version(value: Any) -> None:
    parts = value.split(".") if isinstance(value, str) else ()
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise BadRequestData(
            "ngsildConformance is a version of the specification, such as 1.6.", pointer="/ngsildConformance"
        )


def _check_temporal(value: Any) -> None:
    """Check the temporal query of a registration subscription (clause 5.2.21)."""
    if not isinstance(value, dict) or value.get("timerel") not in _TIME_RELATIONS:
        raise BadRequestData(
            f"temporalQ must be an object with timerel as one of {', '.join(_TIME_RELATIONS)}.",
            pointer="/temporalQ/timerel",
        )
    parse_datetime(value.get("timeAt"), pointer="/temporalQ/timeAt")
    if value["timerel"] == "between":
        parse_datetime(value.get("endTimeAt"), pointer="/temporalQ/endTimeAt")

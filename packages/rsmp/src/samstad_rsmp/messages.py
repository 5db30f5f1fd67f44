"""The messages of RSMP Core 3.1.2 to 3.2.2 as typed values (basic structure, 6.2).

Fields have names of their own; on the wire they carry those of the standard, given beside each. What a peer
sends beyond them is ignored. A value that is absent is ``UNSET`` and not sent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from samstad_rsmp.timestamps import TIMESTAMP

__all__ = [
    "AggregatedStatus",
    "AggregatedStatusRequest",
    "Alarm",
    "AnyMessage",
    "CommandArgument",
    "CommandRequest",
    "CommandResponse",
    "CommandValue",
    "Message",
    "MessageAck",
    "MessageNotAck",
    "RsmpVersion",
    "SiteId",
    "StatusName",
    "StatusRequest",
    "StatusResponse",
    "StatusSubscribe",
    "StatusSubscription",
    "StatusUnsubscribe",
    "StatusUpdate",
    "StatusValue",
    "Value",
    "Version",
    "Watchdog",
]

UUID4 = r"^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-4[a-fA-F0-9]{3}-[89abAB][a-fA-F0-9]{3}-[a-fA-F0-9]{12}$"
VERSION = r"^[0-9]{1,2}\.[0-9]{1,2}(\.[0-9]{1,2})?"

Uuid = Annotated[str, Meta(pattern=UUID4)]
Timestamp = Annotated[str, Meta(pattern=TIMESTAMP)]
AlarmCode = Annotated[str, Meta(pattern="^A")]
StatusCode = Annotated[str, Meta(pattern="^S")]
CommandCode = Annotated[str, Meta(pattern="^M")]
Seconds = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?$")]
Text = Annotated[str, Meta(max_length=4 * 1024 * 1024)]
Value = str | list[dict[str, Any]] | None
"""Values travel as strings, numbers too; arrays since 3.2; null only where nothing is known."""
Quality = Literal["recent", "old", "undefined", "unknown"]


class Message(Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """What all messages share; ``type`` on the wire is the name of the class."""

    m_type: Literal["rSMsg"] | UnsetType = msgspec.field(name="mType", default="rSMsg")


class Identified(Message, frozen=True, kw_only=True, tag=False):
    """Every message but acknowledgements.

    Attributes:
        message_id: mId, a fresh UUID version 4 for each message, also when something is sent again.
    """

    message_id: Uuid = msgspec.field(name="mId")


class Addressed(Identified, frozen=True, kw_only=True, tag=False):
    """A message about one component.

    Attributes:
        component_id: cId; the NTS ids beside it belong to one Swedish road authority and are empty here.
    """

    component_id: Text = msgspec.field(name="cId")
    nts_object_id: Text = msgspec.field(name="ntsOId", default="")
    external_nts_id: Text = msgspec.field(name="xNId", default="")


class RsmpVersion(Struct, frozen=True):
    """One version of RSMP that a peer speaks."""

    version: Annotated[str, Meta(pattern=VERSION)] = msgspec.field(name="vers")


class SiteId(Struct, frozen=True):
    """One site that a peer stands for."""

    site_id: Annotated[str, Meta(min_length=1)] = msgspec.field(name="sId")


class Version(Identified, frozen=True, kw_only=True, tag=True):
    """The first message of each peer: versions, sites, and the version of the signal exchange list."""

    versions: Annotated[list[RsmpVersion], Meta(min_length=1)] = msgspec.field(name="RSMP")
    site_ids: Annotated[list[SiteId], Meta(min_length=1)] = msgspec.field(name="siteId")
    sxl: Annotated[str, Meta(pattern=VERSION)] = msgspec.field(name="SXL")


class MessageAck(Message, frozen=True, kw_only=True, tag=True):
    """The message was received and understood."""

    original_id: Uuid = msgspec.field(name="oMId")


class MessageNotAck(Message, frozen=True, kw_only=True, tag=True):
    """The message was received, but cannot be taken; ``reason`` (rea) says why."""

    original_id: Uuid = msgspec.field(name="oMId")
    reason: Text = msgspec.field(name="rea", default="")


class Watchdog(Identified, frozen=True, kw_only=True, tag=True):
    """The peer is there; a site may set its clock by it."""

    timestamp: Timestamp = msgspec.field(name="wTs")


class AggregatedStatus(Addressed, frozen=True, kw_only=True, tag=True):
    """The state of a site in eight bits (``se``), sent by the site when it changes."""

    timestamp: Timestamp = msgspec.field(name="aSTS")
    functional_position: Text | None = msgspec.field(name="fP")
    functional_state: Text | None = msgspec.field(name="fS")
    bits: Annotated[list[bool | str], Meta(min_length=8, max_length=8)] = msgspec.field(name="se")


class AggregatedStatusRequest(Addressed, frozen=True, kw_only=True, tag=True):
    """A supervisor asks for the aggregated status (from 3.1.5)."""


class AlarmValue(Struct, frozen=True):
    """One argument of an alarm."""

    name: Text = msgspec.field(name="n")
    value: Text = msgspec.field(name="v")


class Alarm(Addressed, frozen=True, kw_only=True, tag=True):
    """An alarm's state from the site, or a wish about it from a supervisor, which has no state.

    Attributes:
        specialization: aSp: Issue, Acknowledge, Suspend, and from supervisors Resume and Request.
        acknowledged: ack, "Acknowledged" or "notAcknowledged".
        active: aS, "Active" or "inActive".
        suspended: sS, "Suspended" or "notSuspended".
        timestamp: aTs, when the state last changed.
        category: cat, T (traffic) or D (technical).
        priority: pri, 1 highest to 3.
    """

    code: AlarmCode = msgspec.field(name="aCId")
    external_code: Text = msgspec.field(name="xACId", default="")
    external_nts_code: Text = msgspec.field(name="xNACId", default="")
    specialization: str = msgspec.field(name="aSp")
    acknowledged: str | UnsetType = msgspec.field(name="ack", default=UNSET)
    active: str | UnsetType = msgspec.field(name="aS", default=UNSET)
    suspended: str | UnsetType = msgspec.field(name="sS", default=UNSET)
    timestamp: Timestamp | UnsetType = msgspec.field(name="aTs", default=UNSET)
    category: Literal["T", "D"] | UnsetType = msgspec.field(name="cat", default=UNSET)
    priority: Literal["1", "2", "3"] | UnsetType = msgspec.field(name="pri", default=UNSET)
    values: list[AlarmValue] | UnsetType = msgspec.field(name="rvs", default=UNSET)


class StatusName(Struct, frozen=True):
    """One value of one status."""

    code: StatusCode = msgspec.field(name="sCI")
    name: Text = msgspec.field(name="n")


Names = Annotated[list[StatusName], Meta(min_length=1)]


class StatusRequest(Addressed, frozen=True, kw_only=True, tag=True):
    """A supervisor asks for values once."""

    names: Names = msgspec.field(name="sS")


class StatusUnsubscribe(Addressed, frozen=True, kw_only=True, tag=True):
    """A supervisor wants no more updates; it is acknowledged and not answered."""

    names: Names = msgspec.field(name="sS")


class StatusSubscription(Struct, frozen=True, omit_defaults=False):
    """One value that a supervisor wants to be told of.

    Attributes:
        interval_s: uRt, seconds between updates as text, "0" for none.
        on_change: sOc, whether changes are told at once (from 3.1.5).
    """

    code: StatusCode = msgspec.field(name="sCI")
    name: Text = msgspec.field(name="n")
    interval_s: Seconds = msgspec.field(name="uRt")
    on_change: bool | UnsetType = msgspec.field(name="sOc", default=UNSET)


class StatusSubscribe(Addressed, frozen=True, kw_only=True, tag=True):
    """A supervisor wants updates; the first follows at once, unless the subscription was there already."""

    subscriptions: Annotated[list[StatusSubscription], Meta(min_length=1)] = msgspec.field(name="sS")


class StatusValue(Struct, frozen=True):
    """One value: ``value`` (s) and how much it is worth (q)."""

    code: StatusCode = msgspec.field(name="sCI")
    name: Text = msgspec.field(name="n")
    value: Value = msgspec.field(name="s")
    quality: Quality = msgspec.field(name="q")


Values = Annotated[list[StatusValue], Meta(min_length=1)]


class StatusResponse(Addressed, frozen=True, kw_only=True, tag=True):
    """The answer to a StatusRequest."""

    timestamp: Timestamp = msgspec.field(name="sTs")
    values: Values = msgspec.field(name="sS")


class StatusUpdate(Addressed, frozen=True, kw_only=True, tag=True):
    """What a subscription asked for; often only some of the values."""

    timestamp: Timestamp = msgspec.field(name="sTs")
    values: Values = msgspec.field(name="sS")


class CommandArgument(Struct, frozen=True):
    """One argument of a command; ``command`` (cO) is the same word in all of one code."""

    code: CommandCode = msgspec.field(name="cCI")
    name: Text = msgspec.field(name="n")
    command: Text = msgspec.field(name="cO")
    value: str | list[dict[str, Any]] = msgspec.field(name="v")


class CommandRequest(Addressed, frozen=True, kw_only=True, tag=True):
    """A supervisor orders something; several codes may stand in one message."""

    arguments: Annotated[list[CommandArgument], Meta(min_length=1)] = msgspec.field(name="arg")


class CommandValue(Struct, frozen=True):
    """One argument as the site took it; that it took effect is seen in the matching status."""

    code: CommandCode = msgspec.field(name="cCI")
    name: Text = msgspec.field(name="n")
    value: Value = msgspec.field(name="v")
    age: Quality


class CommandResponse(Addressed, frozen=True, kw_only=True, tag=True):
    """The answer to a CommandRequest."""

    timestamp: Timestamp = msgspec.field(name="cTS")
    values: Annotated[list[CommandValue], Meta(min_length=1)] = msgspec.field(name="rvs")


AnyMessage = (
    Version
    | MessageAck
    | MessageNotAck
    | Watchdog
    | AggregatedStatus
    | AggregatedStatusRequest
    | Alarm
    | StatusRequest
    | StatusSubscribe
    | StatusUnsubscribe
    | StatusResponse
    | StatusUpdate
    | CommandRequest
    | CommandResponse
)

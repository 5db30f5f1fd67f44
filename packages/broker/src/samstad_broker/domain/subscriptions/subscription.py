"""A subscription as it is worked with: everything parsed, expanded and compiled once (clause 5.2.12)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from samstad_broker.domain.subscriptions.changes import Trigger
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.represent import Representation
from samstad_ngsild.query.projection import Projection
from samstad_ngsild.query.regular import SafePattern

__all__ = ["Endpoint", "EntitySelector", "Format", "Interval", "NotificationParams", "Subscription"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySelector:
    """Which entities are meant (clause 5.2.33); ``ids`` takes precedence over ``pattern``.

    Attributes:
        fits_types: whether an entity with these types is meant; None: every type (``*``).
        type_keys: an entity that is meant has at least one of these types; empty: nothing is known.
        keys_decide: having one of ``type_keys`` is all that ``fits_types`` asks.
        ids: the entities by id; empty: any.
        pattern: what the id must match.
    """

    fits_types: Callable[[Collection[str]], bool] | None
    type_keys: tuple[str, ...] = ()
    keys_decide: bool = False
    ids: frozenset[str] = frozenset()
    pattern: SafePattern | None = None

    def selects(self, entity_id: str, types: Collection[str]) -> bool:
        """Whether an entity is meant."""
        if self.fits_types is not None and not self.fits_types(types):
            return False
        if self.ids:
            return entity_id in self.ids
        return self.pattern is None or self.pattern.search(entity_id)


class Interval(NamedTuple):
    """``low <= attribute <= high``: one AND-ed term of q that an index can use.

    Attributes:
        attribute: IRI of a top-level attribute.
        low, high: the ends, which belong to it; infinite where there is none.
    """

    attribute: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where notifications go (clause 5.2.15).

    Attributes:
        accept: the media type of the notification.
        receiver_info: what the receiver is told besides: HTTP headers, MQTT metadata.
        notifier_info: parameters of the binding: ``MQTT-QoS``, ``MQTT-Version`` (clause 7.2).
        timeout_us: after which a notification counts as failed; None: the node's own figure.
        cooldown_us: least time between a failure and the next attempt; None: none asked.
    """

    uri: str
    scheme: str
    accept: str = "application/json"
    receiver_info: tuple[tuple[str, str], ...] = ()
    notifier_info: tuple[tuple[str, str], ...] = ()
    timeout_us: int | None = None
    cooldown_us: int | None = None


Format = Literal["normalized", "concise", "simplified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationParams:
    """What a notification holds and where it goes (clause 5.2.14).

    Attributes:
        pick: by IRIs, already with what ``attributes`` (deprecated) stands for; None: everything.
        omit: by IRIs, what is left out.
        join: ``flat``, ``inline`` or ``@none`` (clause 4.5.23).
    """

    endpoint: Endpoint
    format: Format = "normalized"
    pick: Projection | None = None
    omit: Projection | None = None
    join: str = "@none"
    join_level: int = 1
    show_changes: bool = False
    sys_attrs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subscription:
    """One subscription.

    Attributes:
        id: its URI.
        content: the members as the subscriber gave them, read-only ones left out: what is shown and stored.
        context: the @context in which the names of ``content`` are meant.
        notification_context: the @context of its notifications (``jsonldContext``).
        selectors: which entities; empty: all that have a watched attribute.
        watched: IRIs of the watched attributes; empty: any.
        triggers: which kinds of change are told.
        condition: q, geoQ and scopeQ in one; None: no condition.
        intervals: terms of q for the index.
        intervals_decide: they are all that the condition asks, of an attribute with one plain number.
        representation: how entities are represented in its notifications.
        throttling_us: least time between two notifications.
        interval_us: the period of a periodic subscription; None: told at changes.
        expires_us: when it ends; None: never.
        mandate: on whose behalf it is told, as the Standing port keeps it; None: nobody's that is known.
        terms: the names that ``content`` uses → what they stand for.
    """

    id: str
    content: Mapping[str, Any]
    context: Context
    notification_context: Context
    notification: NotificationParams
    created_us: int
    modified_us: int
    selectors: tuple[EntitySelector, ...] = ()
    watched: frozenset[str] = frozenset()
    triggers: Trigger = Trigger.DEFAULT
    condition: Callable[[EntityDocument], bool] | None = None
    intervals: tuple[Interval, ...] = ()
    intervals_decide: bool = False
    representation: Representation = field(default_factory=Representation)
    throttling_us: int = 0
    interval_us: int | None = None
    expires_us: int | None = None
    is_active: bool = True
    mandate: Mapping[str, Any] | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    def selects(self, entity_id: str, types: Collection[str]) -> bool:
        """Whether an entity is subscribed to, its attributes aside."""
        return not self.selectors or any(selector.selects(entity_id, types) for selector in self.selectors)

    def is_expired(self, now_us: int) -> bool:
        """Whether its time has passed."""
        return self.expires_us is not None and now_us >= self.expires_us

"""The life of a Command: one table of transitions, and pure functions over it (invariant I9).

A command is confirmed by what the device shows afterwards, not by its answer to the request. A final
status never changes; an event that comes again, or comes when its effect is there already, changes
nothing, because everything is delivered at least once (I4). Times are µs since 1970 UTC.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ACTORS",
    "FINAL_STATUSES",
    "STATUSES",
    "TRANSITIONS",
    "CommandRefusedError",
    "CommandState",
    "Transition",
    "advance",
    "allowed_events",
    "expire_if_due",
    "is_final",
    "new_command",
    "supersedes",
]

STATUSES = (
    "queued", "sent", "delivered", "confirmed", "rejected", "expired", "failed", "cancelled", "superseded",
)  # fmt: skip

FINAL_STATUSES = frozenset({"confirmed", "rejected", "expired", "failed", "cancelled", "superseded"})

ACTORS = ("issuer", "operator", "gateway", "node")
"""Who causes events: the one who issued it, a person with authority over the target, the gateway that
owns the device, and the node itself (its clock, and a newer command)."""


class Transition(NamedTuple):
    """In ``status``, ``event`` by one of ``actors`` leads to ``target``, for one of ``causes``.

    No causes means that no cause is given; one cause is filled in; of several the actor names one.
    """

    status: str
    event: str
    target: str
    actors: frozenset[str]
    causes: tuple[str, ...] = ()


_GATEWAY = frozenset({"gateway"})
_NODE = frozenset({"node"})
_PEOPLE = frozenset({"issuer", "operator"})
_NOT_ALLOWED = (
    "notPermitted",
    "safetyLimit",
    "interlock",
    "localControl",
    "unknownCommand",
    "invalidArguments",
)
_REFUSED = ("deviceRefused", *_NOT_ALLOWED)

TRANSITIONS: tuple[Transition, ...] = (
    Transition("queued", "send", "sent", _GATEWAY),
    Transition("queued", "reject", "rejected", _GATEWAY | _NODE, _NOT_ALLOWED),
    Transition("queued", "fail", "failed", _GATEWAY, ("noRoute", "deviceError")),
    Transition("queued", "expire", "expired", _NODE | _GATEWAY, ("notSent",)),
    Transition("queued", "cancel", "cancelled", _PEOPLE, ("withdrawn",)),
    Transition("queued", "supersede", "superseded", _NODE, ("newerCommand",)),
    Transition("sent", "send", "sent", _GATEWAY),
    Transition("sent", "deliver", "delivered", _GATEWAY),
    Transition("sent", "confirm", "confirmed", _GATEWAY),
    Transition("sent", "reject", "rejected", _GATEWAY, _REFUSED),
    Transition("sent", "fail", "failed", _GATEWAY, ("noRoute", "deviceError", "outcomeDiffers")),
    Transition("sent", "expire", "expired", _NODE | _GATEWAY, ("notDelivered",)),
    # What is on its way can only be taken back by the one who can still stop it.
    Transition("sent", "cancel", "cancelled", _GATEWAY, ("withdrawn",)),
    Transition("sent", "supersede", "superseded", _NODE, ("newerCommand",)),
    Transition("delivered", "confirm", "confirmed", _GATEWAY),
    Transition("delivered", "reject", "rejected", _GATEWAY, _REFUSED),
    Transition("delivered", "fail", "failed", _GATEWAY, ("deviceError", "outcomeDiffers")),
    Transition("delivered", "expire", "expired", _NODE | _GATEWAY, ("notConfirmed",)),
    Transition("delivered", "supersede", "superseded", _NODE, ("newerCommand",)),
)

_ROWS = {(row.status, row.event): row for row in TRANSITIONS}
_TARGETS = {row.event: row.target for row in TRANSITIONS}
_LATE_ECHOES = frozenset({("delivered", "deliver"), ("delivered", "send")})


class CommandRefusedError(ValueError):
    """An event does not fit a command: ``reason`` is event, status, actor, cause or time."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class CommandState(NamedTuple):
    """What decides how a command goes on."""

    target: str
    name: str
    issued_us: int
    valid_until_us: int
    status: str = "queued"
    since_us: int = 0
    cause: str | None = None
    attempts: int = 0


def new_command(*, target: str, name: str, now_us: int, valid_until_us: int) -> CommandState:
    """Return a queued command for one actuator of ``target``.

    Raises:
        CommandRefusedError: it would be too late from the start (reason ``time``).
    """
    if valid_until_us <= now_us:
        raise CommandRefusedError("time", "validUntil must lie after the time at which the command is issued")
    return CommandState(target, name, now_us, valid_until_us, since_us=now_us)


def is_final(status: str) -> bool:
    """Tell whether a command in that status is done with."""
    return status in FINAL_STATUSES


def allowed_events(status: str, actor: str) -> tuple[str, ...]:
    """Return the events that an actor may cause in a status, in the order of the table."""
    return tuple(row.event for row in TRANSITIONS if row.status == status and actor in row.actors)


def _cause(row: Transition, cause: str | None) -> str | None:
    if cause is None and len(row.causes) == 1:
        return row.causes[0]
    if not row.causes and cause is None:
        return None
    if cause in row.causes:
        return cause
    allowed = "none" if not row.causes else "one of " + ", ".join(row.causes)
    raise CommandRefusedError("cause", f"{row.event} takes as its cause {allowed}, not {cause}")


def _no_row(state: CommandState, event: str) -> CommandRefusedError:
    if event not in _TARGETS:
        return CommandRefusedError("event", f"{event!r} is no event of a command")
    if is_final(state.status):
        return CommandRefusedError("status", f"the command is {state.status}, which is final")
    return CommandRefusedError("status", f"{event} does not fit a command that is {state.status}")


def _is_repeated(state: CommandState, event: str) -> bool:
    if (state.status, event) in _LATE_ECHOES:
        return True
    return is_final(state.status) and _TARGETS.get(event) == state.status


def _check_time(state: CommandState, event: str, now_us: int) -> None:
    if event == "send" and now_us >= state.valid_until_us:
        raise CommandRefusedError("time", "the command is too late to be sent; let it expire")
    if event == "expire" and now_us < state.valid_until_us:
        raise CommandRefusedError("time", "the command is still valid")


def advance(
    state: CommandState, event: str, *, actor: str, now_us: int, cause: str | None = None
) -> CommandState:
    """Return the command after an event; the same object where the event came a second time.

    Sending after ``validUntil`` is refused: what is too late is never carried out. A
    confirmation that comes late still counts, because the actuator did move.

    Raises:
        CommandRefusedError: the event is unknown, does not fit the status, is not the actor's to
            cause, lacks its cause, or comes too late or too early.
    """
    if _is_repeated(state, event):
        return state
    row = _ROWS.get((state.status, event))
    if row is None:
        raise _no_row(state, event)
    if actor not in row.actors:
        raise CommandRefusedError("actor", f"{event} is for {' or '.join(sorted(row.actors))}, not {actor}")
    _check_time(state, event, now_us)
    return state._replace(
        status=row.target,
        since_us=max(now_us, state.since_us),
        cause=_cause(row, cause),
        attempts=state.attempts + (event == "send"),
    )


def expire_if_due(state: CommandState, *, now_us: int) -> CommandState:
    """Return the command expired where its time is up and it is not final, else the same object."""
    if is_final(state.status) or now_us < state.valid_until_us:
        return state
    return advance(state, "expire", actor="node", now_us=now_us)


def supersedes(newer: CommandState, older: CommandState) -> bool:
    """Tell whether a command makes an older one to the same actuator void."""
    return (
        newer is not older
        and (newer.target, newer.name) == (older.target, older.name)
        and newer.issued_us >= older.issued_us
        and not is_final(older.status)
    )

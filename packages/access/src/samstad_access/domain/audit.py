"""Audit entries, chained by hash so that a changed, removed, inserted or reordered one is found.

Each entry's hash is the SHA-256 of a canonical JSON text (members sorted, no spaces, UTF-8) of its number,
the hash before it and its content. Who has kept a *head* (number and hash, on paper, at a neighbour's
node) finds out even that the end was cut off or that the whole chain was written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import msgspec
import orjson
from msgspec import Meta

from samstad_access.domain.secret_text import scrub

__all__ = [
    "GENESIS",
    "AuditEntry",
    "ChainedEntry",
    "Head",
    "Outcome",
    "Verification",
    "audit_entry",
    "chain",
    "head_of",
    "read_entries",
    "verify",
]

GENESIS = "0" * 64
"""The hash before the first entry."""

_LONGEST = 1000


class Outcome(StrEnum):
    """How the act ended."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act that must be accounted for. It holds no secrets and no content of entities.

    Attributes:
        who: the id of the principal, or ``anonymous``.
        what: the act, such as ``key.revoke`` or ``login.break-glass``.
        tenant: where; the empty string for the default tenant and for the node itself.
        target: on what: an id.
        at_us: when, microseconds since 1970 UTC.
        reason: why, in the words of who did it or of the rule that decided.
        request_id: joins the entry with the log of requests.
    """

    who: Annotated[str, Meta(max_length=_LONGEST)]
    what: Annotated[str, Meta(max_length=_LONGEST)]
    at_us: int
    outcome: Outcome
    tenant: Annotated[str, Meta(max_length=_LONGEST)] = ""
    target: Annotated[str, Meta(max_length=_LONGEST)] = ""
    reason: Annotated[str, Meta(max_length=_LONGEST)] = ""
    request_id: Annotated[str, Meta(max_length=_LONGEST)] = ""


class Head(msgspec.Struct, frozen=True):
    """The end of a chain: how many entries it has and the last one's hash. A checkpoint to keep elsewhere."""

    number: int = 0
    hash: str = GENESIS


class ChainedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its place in the chain; ``number`` counts from 1."""

    number: int
    previous: str
    hash: str
    entry: AuditEntry


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What an offline check found.

    Attributes:
        head: the end of what is in order.
        fault: what is wrong with the first entry that is not in order; None when all is well.
    """

    head: Head
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Whether all entries are in order."""
        return self.fault is None


def audit_entry(
    *, who: str, what: str, at_us: int, outcome: Outcome = Outcome.ALLOWED, **texts: str
) -> AuditEntry:
    """Return an entry without any credential that slipped into its texts, each at most 1000 characters.

    Args:
        who: the principal's id.
        what: the act.
        at_us: when.
        outcome: how it ended.
        texts: ``tenant``, ``target``, ``reason``, ``request_id``.
    """
    clean = {name: scrub(text)[:_LONGEST] for name, text in texts.items()}
    return AuditEntry(
        who=scrub(who)[:_LONGEST], what=scrub(what)[:_LONGEST], at_us=at_us, outcome=outcome, **clean
    )


def chain(previous: Head | str, entry: AuditEntry) -> ChainedEntry:
    """Return the entry with its place after another one.

    Args:
        previous: the head before it; a bare hash begins at number 1.
        entry: what to append.
    """
    head = previous if isinstance(previous, Head) else Head(0, previous)
    number = head.number + 1
    return ChainedEntry(number=number, previous=head.hash, hash=_hash(number, head.hash, entry), entry=entry)


def head_of(chained: ChainedEntry) -> Head:
    """Return the head of a chain that ends with this entry."""
    return Head(chained.number, chained.hash)


def verify(
    entries: Iterable[ChainedEntry], *, start: Head | None = None, kept: Iterable[Head] = ()
) -> Verification:
    """Check a chain, or a stretch of one, without the node.

    Args:
        entries: in the order of the log.
        start: the head before the first of them; None for a chain from its beginning.
        kept: checkpoints from elsewhere; the chain must pass through each.
    """
    head = start or Head()
    checkpoints = {checkpoint.number: checkpoint.hash for checkpoint in kept}
    for chained in entries:
        fault = _fault(chained, head, checkpoints)
        if fault is not None:
            return Verification(head=head, fault=fault)
        head = head_of(chained)
    missing = [number for number in checkpoints if number > head.number]
    if missing:
        cut = f"the chain ends at {head.number}, a checkpoint of {max(missing)} was kept: its end was cut off"
        return Verification(head=head, fault=cut)
    return Verification(head=head)


def read_entries(lines: Iterable[bytes | str]) -> Iterator[ChainedEntry]:
    """Yield entries from JSON lines, as an export of the log has them; empty lines are passed over.

    Raises:
        ValueError: a line is no entry; says which.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=ChainedEntry)
            except msgspec.MsgspecError as error:
                raise ValueError(f"line {number} is no audit entry: {error}") from error


def _fault(chained: ChainedEntry, head: Head, checkpoints: dict[int, str]) -> str | None:
    expected = head.number + 1
    if chained.number != expected:
        return f"entry {expected} was expected, {chained.number} was found: one was removed, added or moved"
    if chained.previous != head.hash:
        return f"entry {expected} does not follow from the one before it"
    if chained.hash != _hash(chained.number, chained.previous, chained.entry):
        return f"entry {expected} is not as it was written"
    if checkpoints.get(expected, chained.hash) != chained.hash:
        return f"entry {expected} is not the one whose checkpoint was kept: the chain was written anew"
    return None


def _hash(number: int, previous: str, entry: AuditEntry) -> str:
    content = {"number": number, "previous": previous, "entry": msgspec.to_builtins(entry)}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

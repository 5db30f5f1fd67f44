"""What the answers of sources come to (clauses 4.3.6.2, 4.3.6.3 and 4.5.5).

- of each answer counts what its registration is about, and nothing else;
- an attribute of an exclusive registration comes from its source alone;
- an auxiliary source adds attributes that nobody else has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from samstad_broker.spi.forwarder import Match
from samstad_federation.domain.sources import covers
from samstad_ngsild.document import EntityDocument, attribute_names
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData
from samstad_ngsild.merge.versions import combine_versions

__all__ = ["UNTOLD", "Version", "is_valid", "joined", "reduced"]


UNTOLD = "1970-01-01T00:00:00Z"
"""Stands for a time that a source did not tell, until ``reduced`` takes it out."""


class Version(NamedTuple):
    """What one source says of an entity; without a match this broker does."""

    match: Match | None
    document: EntityDocument


def reduced(document: EntityDocument, match: Match) -> EntityDocument | None:
    """Return the part of a document that a registration is about, None for no part of it."""
    about = covers(match.information, document["id"], document["type"])
    if about is None:
        return None
    for member in ("createdAt", "modifiedAt"):
        if not _is_time(document.get(member)):
            document.pop(member, None)
    if about:
        for name in list(attribute_names(document)):
            if name not in about:
                del document[name]
    _take_out(document)
    return document


def _take_out(value: Any) -> None:
    """Remove times that were not told, at any depth: what has no time is older than what has one."""
    if type(value) is dict:
        for member in ("createdAt", "modifiedAt"):
            if value.get(member) == UNTOLD:
                del value[member]
        value = value.values()
    elif type(value) is not list:
        return
    for inner in value:
        if type(inner) is dict or type(inner) is list:
            _take_out(inner)


def _is_time(value: object) -> bool:
    try:
        parse_datetime(value)
    except BadRequestData:
        return False
    return True


def is_valid(document: EntityDocument, now_us: int) -> bool:
    """Whether an entity has not expired (clauses 5.7.1.4, 5.7.2.4)."""
    expires_at = document.get("expiresAt")
    return expires_at is None or parse_datetime(expires_at) > now_us


def joined(versions: Sequence[Version], *, now_us: int) -> EntityDocument:
    """Return one document for at least one version of an entity."""
    if len(versions) == 1:
        return versions[0].document
    claims = list(_claims(versions))
    equals: list[EntityDocument] = []
    supplements: list[EntityDocument] = []
    for match, document in versions:
        for owner, names in claims:
            if match is None or match.source.id != owner:
                for name in names:
                    document.pop(name, None)
        is_auxiliary = match is not None and match.source.mode == "auxiliary"
        (supplements if is_auxiliary else equals).append(document)
    main = combine_versions(equals, now_us=now_us) if equals else None
    if not supplements:
        return main or versions[0].document
    added = combine_versions(supplements, now_us=now_us)
    if main is None:
        return added
    for name in attribute_names(added):
        main.setdefault(name, added[name])
    return main


def _claims(versions: Iterable[Version]) -> Iterable[tuple[str, frozenset[str]]]:
    """Yield the attributes that an exclusive registration keeps for its source."""
    for match, document in versions:
        if match is not None and match.source.mode == "exclusive":
            about = covers(match.information, document["id"], ())
            if about:
                yield match.source.id, about

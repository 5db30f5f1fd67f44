"""What can be set of the federation."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["FederationSettings"]


class FederationSettings(msgspec.Struct, frozen=True):
    """How registered context sources are asked."""

    timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            le=120,
            description="An answer of a source is waited for so long; a registration may say less.",
        ),
    ] = 5.0
    sources_per_request: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Sources that one request may ask; others are left out, with a warning.",
        ),
    ] = 50
    requests_per_source: Annotated[
        int, Meta(ge=1, le=1000, description="Requests at one endpoint at once; others wait for their turn.")
    ] = 16
    answer_mib: Annotated[
        int, Meta(ge=1, le=1024, description="Size of one answer; a larger one is refused.")
    ] = 16
    page: Annotated[int, Meta(ge=1, le=1000, description="Entities that are asked of a source at once.")] = (
        1000
    )
    window: Annotated[
        int,
        Meta(
            ge=1,
            description="Entities of one source that one query looks at; further pages need an entity map.",
        ),
    ] = 10_000
    map_entities: Annotated[
        int, Meta(ge=1, description="Entities of one source that an entity map may hold.")
    ] = 100_000
    cached_answers: Annotated[
        int, Meta(ge=0, description="Answers kept for sources whose registrations say cacheDuration.")
    ] = 1000
    split_entities: Annotated[
        bool,
        Meta(
            description="Whether queries that do not say it expect entities that are split over sources: "
            "filters then apply when the parts are together, which costs more (4.3.6.7)."
        ),
    ] = False

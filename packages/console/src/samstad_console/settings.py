"""The console's section of the settings."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["ConsoleSettings"]


class ConsoleSettings(msgspec.Struct, frozen=True):
    """What the console shows and behind what."""

    things: Annotated[
        int, Meta(ge=1, le=2_000_000, description="Most things with a place that the console keeps.")
    ] = 500_000
    stale_hours: Annotated[
        float, Meta(gt=0, le=8760, description="A thing whose newest observation is older looks stale.")
    ] = 24.0
    base_map: Annotated[
        str,
        Meta(
            description="Template of the base map's picture tiles, with {z}, {x} and {y}; empty for none: "
            "then the console asks nothing of anybody but the node."
        ),
    ] = ""
    base_map_credit: Annotated[str, Meta(description="What the base map's owner wants to be said.")] = ""

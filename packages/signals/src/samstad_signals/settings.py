"""Settings of the role."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["SignalsSettings"]


class SignalsSettings(msgspec.Struct, frozen=True):
    """Traffic signals: where controllers connect by RSMP, who may, and how what they tell is written."""

    host: Annotated[str, Meta(description="Address on which controllers are awaited (RSMP).")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port for them; 0 takes any free one.")] = 12_111
    authority: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The road keeper in entities' ids.")
    ] = "roads"
    any_site: Annotated[
        bool, Meta(description="Take in controllers that nobody has put under the node, to try things.")
    ] = False
    codes_file: Annotated[
        str, Meta(description="TOML file of the security codes of level 2, by site; empty for none.")
    ] = ""
    certificate: Annotated[str, Meta(description="Certificate (PEM) for TLS 1.3; empty for plain TCP.")] = ""
    key: Annotated[str, Meta(description="Key (PEM) of the certificate.")] = ""
    clients: Annotated[
        str, Meta(description="Authority (PEM) that signed the controllers' certificates.")
    ] = ""
    turn_ms: Annotated[
        int, Meta(ge=50, le=60_000, description="Changes are written to the broker so often.")
    ] = 500
    journal_mb: Annotated[
        int, Meta(ge=1, le=100_000, description="What the broker has not taken may need so much disk.")
    ] = 256
    time_zone: Annotated[str, Meta(description="Time zone of timetables.")] = "Europe/Stockholm"

"""The section of the settings: where the rules are, and by which server mail goes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["OperationsSettings"]


class OperationsSettings(msgspec.Struct, frozen=True):
    """Tells people about alerts."""

    rules_file: Annotated[
        str, Meta(description="TOML file of contacts, rotas and rules; empty: nobody is told.")
    ] = ""
    language: Annotated[Literal["sv", "en"], Meta(description="In which messages are written.")] = "sv"
    smtp_host: Annotated[str, Meta(description="Server that takes mail; needed where a contact has one.")] = (
        ""
    )
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="Its port.")] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="How the connection is secured; none only inside of one's own network."),
    ] = "starttls"
    smtp_user: Annotated[str, Meta(description="Name to sign in with; empty for none.")] = ""
    smtp_password_file: Annotated[str, Meta(description="File that holds the password of smtp_user.")] = ""
    sender: Annotated[str, Meta(description="Address that mail comes from; needed with smtp_host.")] = ""
    allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Loopback and private networks (CIDR) that webhooks may go to; link-local and "
            "metadata addresses are never allowed."
        ),
    ] = ()
    keep_days: Annotated[
        float, Meta(gt=0, le=3650, description="Messages that were sent or dropped are kept so long.")
    ] = 90.0

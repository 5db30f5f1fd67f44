"""The settings of access: section ``access`` of ``samstad.toml``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["AccessSettings"]


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in, and what they may do."""

    open_tenants: Annotated[
        tuple[str, ...],
        Meta(description="Tenants that anybody may use without login; `default` names the default one."),
    ] = ()
    open_operations: Annotated[
        tuple[str, ...],
        Meta(description="What anybody may do in open tenants: `read`, `read-history`, `subscribe`."),
    ] = ("read",)
    policy: Annotated[
        str, Meta(description="File with the organisation's own Cedar policies; empty: the roles alone.")
    ] = ""
    issuer: Annotated[
        str, Meta(description="The `iss` that bearer tokens must carry; empty: none is accepted.")
    ] = ""
    audience: Annotated[str, Meta(description="The `aud` that bearer tokens must carry.")] = ""
    algorithms: Annotated[
        tuple[str, ...],
        Meta(description="Signature algorithms of tokens; `none` and `HS...` are never possible."),
    ] = ("RS256", "PS256", "ES256", "ES384", "Ed25519")
    leeway_s: Annotated[
        int, Meta(ge=0, le=300, description="How far the clocks of issuer and node may be apart.")
    ] = 30
    roles_claim: Annotated[
        str, Meta(min_length=1, description="Claim with the roles; members of objects after dots.")
    ] = "roles"
    tenants_claim: Annotated[
        str, Meta(description="Claim with the tenants; empty: `token_tenants` for every token.")
    ] = "tenants"
    token_tenants: Annotated[
        tuple[str, ...],
        Meta(
            description="Tenants of every token when `tenants_claim` is empty: `*` for all, `default` for "
            "the default one."
        ),
    ] = ()
    token_mandate_days: Annotated[
        int,
        Meta(
            ge=1,
            le=365,
            description="How long what a token's holder set up goes on without them: subscriptions.",
        ),
    ] = 30
    jwks: Annotated[
        str, Meta(description="File or https URL of the issuer's public keys (JWKS, RFC 7517).")
    ] = ""
    jwks_cache_days: Annotated[
        int, Meta(ge=1, le=365, description="How long fetched keys count without a newer answer.")
    ] = 7
    jwks_refresh_s: Annotated[
        int, Meta(ge=60, le=86_400, description="How often the keys are asked for.")
    ] = 3600
    revocation_poll_ms: Annotated[
        int, Meta(ge=10, le=1000, description="How soon a revocation by another process bites.")
    ] = 500
    session_s: Annotated[int, Meta(ge=60, le=86_400, description="How long a session of a person lasts.")] = (
        28_800
    )
    break_glass_s: Annotated[
        int, Meta(ge=60, le=14_400, description="How long a break-glass session lasts.")
    ] = 3600
    free_attempts: Annotated[
        int, Meta(ge=1, le=1000, description="Failed logins of one peer or name before it must wait.")
    ] = 10
    longest_wait_s: Annotated[
        int, Meta(ge=1, le=86_400, description="Longest wait after failed logins; it doubles up to this.")
    ] = 900

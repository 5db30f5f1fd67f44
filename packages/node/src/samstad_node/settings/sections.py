"""The sections that the node itself declares; access declares its own beside its code, the node adds to it.

A field is ``Annotated[type, Meta(description=..., bounds)]`` with a default. The unit stands at the end of
the name (``_s`` seconds, ``_ms`` milliseconds, ``_kib``, ``_mib``, ``_days``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from samstad_access import AccessSettings as DeclaredAccess

__all__ = [
    "AccessSettings",
    "ContextsSettings",
    "HistorySettings",
    "HttpSettings",
    "LimitsSettings",
    "LogSettings",
    "ModelsSettings",
    "NodeSettings",
    "NotificationsSettings",
    "RolesSettings",
    "StoreSettings",
]


class NodeSettings(msgspec.Struct, frozen=True):
    """Who this node is and where its data are."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
            description="Name of the node in positions, logs and metrics; never change it later.",
        ),
    ] = "node"
    data: Annotated[str, Meta(min_length=1, description="Directory of everything that the node keeps.")] = (
        "data"
    )
    tenants: Annotated[
        tuple[str, ...],
        Meta(description="Tenants beside the default one; requests that name another are refused (4.14)."),
    ] = ()
    disk_reserve_mib: Annotated[
        int,
        Meta(ge=1, description="Below this much free disk writes are refused (507) while reads go on."),
    ] = 256


class HttpSettings(msgspec.Struct, frozen=True):
    """Where and how the node answers HTTP."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on; loopback by default.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes any free one (see run.json).")
    ] = 8080
    public_url: Annotated[
        str, Meta(description="URL under which others reach the node; empty: made from host and port.")
    ] = ""
    server: Annotated[
        Literal["native", "uvicorn"],
        Meta(description="The thin server of the node, or uvicorn; put a proxy before the latter."),
    ] = "native"
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(description="Origins whose pages may call the node; `*` allows any, without credentials."),
    ] = ()
    login_for: Annotated[
        tuple[Literal["pages", "metrics"], ...],
        Meta(
            description="What asks for a login besides data: `pages`, `metrics` (of who may read all "
            "tenants); `/health` and `/ready` never do."
        ),
    ] = ()
    header_timeout_s: Annotated[
        float, Meta(gt=0, le=300, description="A request's head must have arrived within this time.")
    ] = 10.0
    body_timeout_s: Annotated[
        float,
        Meta(gt=0, le=3600, description="A request's body may pause for this long while more is expected."),
    ] = 30.0
    idle_timeout_s: Annotated[
        float, Meta(gt=0, le=3600, description="A connection without requests is closed after this time.")
    ] = 75.0


class LogSettings(msgspec.Struct, frozen=True):
    """What is written to standard error."""

    format: Annotated[
        Literal["auto", "json", "human"],
        Meta(description="`auto` is `human` on a terminal and `json` elsewhere."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least that is written.")
    ] = "info"


class AccessSettings(DeclaredAccess, frozen=True, kw_only=True):
    """Who may come in, and what they may do."""

    open: Annotated[
        bool,
        Meta(description="No login at all: everybody may do everything. Only possible on loopback."),
    ] = False


class LimitsSettings(msgspec.Struct, frozen=True):
    """How much may be asked for; over it the answer is 413, 429 or 503 and says which limit."""

    body_kib: Annotated[int, Meta(ge=1, le=1_048_576, description="Largest request body.")] = 16_384
    batch_entities: Annotated[int, Meta(ge=1, le=100_000, description="Most entities in one batch.")] = 1000
    page: Annotated[int, Meta(ge=1, le=10_000, description="Most entities in one page (`limit`).")] = 1000
    scan_entities: Annotated[
        int, Meta(ge=1, description="Most entities that one query may look at before it is refused.")
    ] = 2_000_000
    snapshots: Annotated[
        int, Meta(ge=1, le=10_000, description="Most snapshots of a tenant; a further one ends the least.")
    ] = 20
    snapshot_entities: Annotated[
        int, Meta(ge=1, description="Most entities in all snapshots of a tenant together.")
    ] = 500_000
    snapshot_copies: Annotated[
        int, Meta(ge=1, description="Most entities that snapshots of a tenant copy in a day.")
    ] = 2_000_000
    snapshot_days: Annotated[
        float, Meta(gt=0, le=365, description="Longest life of a snapshot, whatever its maker wishes.")
    ] = 7.0
    connections: Annotated[int, Meta(ge=1, le=1_000_000, description="Most open connections.")] = 10_000
    requests_at_work: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Most requests that wait for something at the same time.")
    ] = 2000
    requests_per_s: Annotated[
        float, Meta(ge=0, description="Most requests per second and caller over time; 0 sets no limit.")
    ] = 0.0
    requests_burst: Annotated[
        int, Meta(ge=1, description="Most requests of a caller at once after a pause.")
    ] = 100


class StoreSettings(msgspec.Struct, frozen=True):
    """How the log and its projections are kept on disk."""

    stretch_mib: Annotated[
        int, Meta(ge=1, le=65_536, description="A new file of the log begins after so much.")
    ] = 256
    seal_minutes: Annotated[
        float,
        Meta(gt=0, le=10_080, description="Complete files of the log become history files this often."),
    ] = 30.0
    stretch_hours: Annotated[
        float, Meta(gt=0, le=8784, description="A new file of the log begins after this time.")
    ] = 24.0
    tail_mib: Annotated[
        int, Meta(ge=1, le=4096, description="Newest rows that are kept in memory for those who follow.")
    ] = 8
    group_ms: Annotated[
        float, Meta(ge=0, le=1000, description="Writes of this time share one commit at most.")
    ] = 2.0
    waiting_mib: Annotated[
        int, Meta(ge=1, le=65_536, description="More than this waiting for the disk makes writes answer 503.")
    ] = 64


class HistorySettings(msgspec.Struct, frozen=True):
    """What is kept of the past, and how much of it one answer holds (the temporal API)."""

    keep_deleted: Annotated[
        bool,
        Meta(
            description="Keep the history of entities that are deleted, with the time of their end; "
            "otherwise deleting an entity deletes its history, and only what expired stays."
        ),
    ] = False
    retention: Annotated[
        tuple[str, ...],
        Meta(
            description="Rules `TENANT TYPE DAYS DECISION`: history older than so many days is given up; "
            "`default` names the default tenant, `*` every tenant or type."
        ),
    ] = ()
    page_instances: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Most instances of one attribute in an answer; more are given page by page (206).",
        ),
    ] = 1000


class ContextsSettings(msgspec.Struct, frozen=True):
    """How @contexts of others are found."""

    fetch: Annotated[
        bool, Meta(description="Fetch contexts that are neither built in, nor preloaded, nor cached.")
    ] = True
    preload: Annotated[
        str, Meta(description="Directory of context files; `index.json` in it maps each URL to its file.")
    ] = ""
    fetch_timeout_s: Annotated[float, Meta(gt=0, le=60, description="One fetch may take this long.")] = 5.0
    size_kib: Annotated[int, Meta(ge=1, le=65_536, description="Largest context that is read.")] = 1024
    hosted: Annotated[
        int, Meta(ge=0, le=100_000, description="Most contexts that the clients of a tenant may add.")
    ] = 1000
    hosted_mib: Annotated[
        int, Meta(ge=1, le=65_536, description="Size of all contexts that are served for a tenant.")
    ] = 64
    depth: Annotated[int, Meta(ge=1, le=20, description="Longest chain of contexts that name contexts.")] = 10
    negative_cache_s: Annotated[
        float, Meta(ge=0, le=86_400, description="A context that failed is not tried again before this.")
    ] = 30.0


class ModelsSettings(msgspec.Struct, frozen=True):
    """What is done about entities that break the model of their type (see `/models`)."""

    warn: Annotated[
        tuple[str, ...],
        Meta(
            description="Tenants in which breaches are counted and listed; `default` names the default one, "
            "`*` all that are not named."
        ),
    ] = ()
    refuse: Annotated[
        tuple[str, ...],
        Meta(description="Tenants in which such a write is refused with 400, named in the same way."),
    ] = ()
    kept_breaches: Annotated[
        int, Meta(ge=1, le=10_000, description="Latest breaches that `/breaches` shows.")
    ] = 200


class NotificationsSettings(msgspec.Struct, frozen=True):
    """How subscribers are told."""

    allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Loopback and private networks (CIDR) that notifications may go to; link-local and "
            "metadata addresses are never allowed."
        ),
    ] = ()
    timeout_s: Annotated[float, Meta(gt=0, le=300, description="One delivery may take this long.")] = 10.0
    retry_max_age_days: Annotated[
        float,
        Meta(gt=0, le=365, description="What could not be delivered for this long is given up, counted."),
    ] = 7.0
    attempts: Annotated[
        int,
        Meta(ge=1, le=1000, description="A change that failed so often is replaced by the current state."),
    ] = 10
    requests_per_endpoint: Annotated[
        int, Meta(ge=1, le=64, description="Most notifications under way to one endpoint.")
    ] = 8


class RolesSettings(msgspec.Struct, frozen=True):
    """Which roles run, and what the supervisor demands of them."""

    run: Annotated[tuple[str, ...], Meta(description="Roles to start; `all` starts every one there is.")] = (
        "all",
    )
    heartbeat_interval_s: Annotated[
        float, Meta(gt=0, le=60, description="A role says this often that it is alive.")
    ] = 1.0
    heartbeat_deadline_s: Annotated[
        float, Meta(gt=0, le=600, description="A role that was silent for this long hangs; it is restarted.")
    ] = 10.0
    start_deadline_s: Annotated[
        float, Meta(gt=0, le=3600, description="A role must be ready this long after its start.")
    ] = 120.0
    stop_deadline_s: Annotated[
        float, Meta(gt=0, le=600, description="A role that is told to stop is killed after this time.")
    ] = 20.0
    memory_mib: Annotated[
        int,
        Meta(ge=0, description="A role that holds more memory than this is restarted; 0 sets no limit."),
    ] = 4096
    backoff_first_s: Annotated[
        float, Meta(gt=0, le=60, description="Wait before the first restart; doubles with each crash.")
    ] = 0.5
    backoff_most_s: Annotated[float, Meta(gt=0, le=3600, description="Longest wait before a restart.")] = 30.0
    stable_after_s: Annotated[
        float, Meta(gt=0, le=3600, description="A role that ran this long starts again from the first wait.")
    ] = 60.0

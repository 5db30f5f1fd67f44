"""The role of a node: wires stores, codecs, ways in and the broker's client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import (
    CodecRefused,
    IdentifierRefused,
    MessageRefused,
    ProfileRefused,
    TransitionRefused,
)
from samstad_devices.domain.messages import Message
from samstad_devices.domain.names import CLAIM, CONTRACT, IDENTIFIERS
from samstad_devices.gateway.codecs import CodecLimits, CodecPool
from samstad_devices.gateway.lorawan import NETWORKS, read_body
from samstad_devices.http.desk import Desk
from samstad_devices.http.keys import KeyDesk
from samstad_devices.http.takeover import Takeover
from samstad_devices.http.ways_in import MessageRepeated, WaysIn
from samstad_devices.plugin.coap import coap_way
from samstad_devices.plugin.downlinks import command_ways
from samstad_devices.plugin.health import HealthWatch, health_watch
from samstad_devices.plugin.keys import keys_way
from samstad_devices.plugin.mqtt import Revoking, mqtt_way
from samstad_devices.service.claims import ClaimRefused, Claims, TooManyClaims
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.service.keyring import Keyring
from samstad_devices.service.registry import DeviceUnknown, Registry, SwapRefused
from samstad_devices.service.silence import Silence
from samstad_devices.service.understand import Understanding
from samstad_devices.settings import DevicesSettings
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.store.codecs import SqliteCodecs
from samstad_devices.store.credentials import SqliteCredentials
from samstad_devices.store.database import DATABASE, Database
from samstad_devices.store.frames import SqliteFrames
from samstad_ngsild.client import ClientError, Notification
from samstad_ngsild.errors import NgsiLdError
from samstad_plugin.service import Demand, Endpoint, Followed, OwnCheck, Service, Surroundings

__all__ = ["start"]

_DEVICE = "https://smartdatamodels.org/dataModel.Device/Device"
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_ERRORS: dict[type[Exception], str] = {
    CredentialRefused: "devices-token-refused",
    StoreUnavailable: "devices-cannot-keep",
    DeviceUnknown: "devices-unknown-device",
    SwapRefused: "devices-not-now",
    MessageRepeated: "devices-repeated",
    ClaimRefused: "devices-claim-refused",
    TooManyClaims: "devices-too-many-claims",
    TransitionRefused: "devices-not-now",
    MessageRefused: "devices-message-refused",
    IdentifierRefused: "devices-message-refused",
    ProfileRefused: "devices-message-refused",
    CodecRefused: "devices-message-refused",
}
_SHAPE = (
    "lifeCycle",
    "refDeviceModel",
    "controlledAsset",
    "location",
    "expectedInterval",
    IDENTIFIERS,
    CONTRACT,
    CLAIM,
)
"""Attributes on which messages depend: that a device was heard is not told back."""


@asynccontextmanager
async def start(surroundings: Surroundings[DevicesSettings]) -> AsyncIterator[Service]:
    """Open what devices need, give the service, and put everything away in the end."""
    database = Database(surroundings.data / DATABASE)
    await database.open()
    frames = SqliteFrames(database, most_pending=surroundings.settings.waiting)
    try:
        async with _service(surroundings, database, frames) as service:
            yield service
    finally:
        await frames.close()
        await database.close()


@asynccontextmanager
async def _service(
    surroundings: Surroundings[DevicesSettings], database: Database, frames: SqliteFrames
) -> AsyncIterator[Service]:
    now_us = surroundings.clock.now_us
    settings = surroundings.settings
    limits = CodecLimits(time_ms=settings.codec_time_ms, processes=settings.codec_processes)
    pool = CodecPool(limits, now_us=now_us)
    directory = Directory()
    codecs = SqliteCodecs(database)
    credentials = Revoking(SqliteCredentials(database))
    keys, key_checks = await keys_way(surroundings, database)
    understanding = Understanding(codecs, pool, lambda device: keys.secrets(device, "wmbus", now_us=now_us()))
    ingest = Ingest(
        frames=frames,
        directory=directory,
        understanding=understanding,
        city=surroundings.client,
        now_us=now_us,
    )
    await ingest.open()
    registry = Registry(directory, credentials, heard=ingest.heard.get, now_us=now_us, keys=keys)
    silence = Silence(directory, ingest.heard, now_us=now_us, since_us=now_us())
    watch = await health_watch(surroundings, database, ingest, registry=registry, silence=silence)
    desk = Desk(
        registry=registry,
        directory=directory,
        credentials=credentials,
        codecs=codecs,
        frames=frames,
        silence=silence,
        acting_for=surroundings.acting_for,
        now_us=now_us,
        networks=NETWORKS,
        on_release=ingest.more.set,
        cause_of=lambda device: watch.health.causes.get(device, ""),
    )
    _show_figures(surroundings, ingest, pool)
    async with (
        coap_way(surroundings, ingest, directory, credentials=credentials, keys=keys) as coap,
        mqtt_way(surroundings, credentials, ingest, on_takeover=watch.health.taken_over) as mqtt,
        command_ways(
            surroundings, directory, ingest, understanding=understanding, mqtt=mqtt, coap=coap
        ) as commands,
    ):
        yield Service(
            endpoints=_endpoints(
                WaysIn(ingest, credentials, read_network=_read_network, now_us=now_us, keys=keys),
                desk,
                KeyDesk(Keyring(directory, keys, now_us=now_us), keys),
                Takeover(Claims(directory, now_us=now_us), registry, acting_for=surroundings.acting_for),
            ),
            follows=(*_follows(directory, ingest, watch), commands.follows(), watch.follows()),
            tasks={
                "codecs": pool.run_processes,
                "directory": lambda: _load(surroundings, directory),
                "ingest": ingest.run,
                "forget": lambda: _forget(surroundings, frames),
                **coap.tasks(surroundings),
                **mqtt.tasks(surroundings),
                **commands.tasks(surroundings),
                **watch.tasks(surroundings),
            },
            ports={**coap.ports, **mqtt.ports},
            errors=_ERRORS,
            checks=lambda: [*key_checks, *coap.checks, *mqtt.stands()],
        )


def _read_network(network: str, body: bytes, event: str | None) -> Message | None:
    return read_body(network, body, event=event)


def _follows(directory: Directory, ingest: Ingest, watch: HealthWatch) -> tuple[Followed, ...]:
    async def told(notification: Notification) -> None:
        await watch.guard.told(notification)
        ingest.more.set()

    return (
        Followed(name="models", types=("DeviceModel",), handler=directory.told_models, deletions=True),
        Followed(name="devices", types=("Device",), handler=told, attributes=_SHAPE, deletions=True),
    )


def _endpoints(ways: WaysIn, desk: Desk, keys: KeyDesk, takeover: Takeover) -> tuple[Endpoint, ...]:
    network = OwnCheck("the network server has a token of its connection")
    device = OwnCheck("the device has a token or a key of its own")
    read, write = Demand("read", _DEVICE), Demand("write", _DEVICE)
    administer = Demand("administer")
    rows: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]], Demand | OwnCheck], ...] = (
        ("POST", "/lorawan/{connection}", ways.lorawan, network),
        ("POST", "/push", ways.push, device),
        ("POST", "/connections", desk.connect, administer),
        ("DELETE", "/connections/{connection}", desk.disconnect, administer),
        ("POST", "/codecs", desk.codec, administer),
        ("POST", "/devices/{device}/tokens", desk.token, write),
        ("DELETE", "/devices/{device}/tokens", desk.revoke, write),
        ("POST", "/devices/{device}/keys", keys.give, write),
        ("GET", "/devices/{device}/keys", keys.show, read),
        ("DELETE", "/devices/{device}/keys", keys.end, write),
        ("DELETE", "/devices/{device}/keys/{key}", keys.end, write),
        ("POST", "/devices/{device}/life", desk.life, write),
        ("POST", "/devices/{device}/swap", desk.swap, write),
        ("POST", "/swaps", takeover.swaps, write),
        ("POST", "/claims", takeover.claim, write),
        ("GET", "/quarantine", desk.quarantine, read),
        ("POST", "/quarantine/replay", desk.replay, write),
        ("POST", "/onboarding", desk.onboard, write),
        ("GET", "/silent", desk.silent, read),
    )
    return tuple(Endpoint(*row) for row in rows)


async def _load(surroundings: Surroundings[DevicesSettings], directory: Directory) -> None:
    """Take what the broker has, as often as it takes; then there is nothing more to do."""
    while not directory.loaded.is_set():
        try:
            await directory.load(surroundings.client)
        except (ClientError, NgsiLdError) as error:
            surroundings.log.info("devices.broker_away", detail=str(error))
            await surroundings.clock.sleep_until(surroundings.clock.now_us() + _SECOND_US)
    await asyncio.Event().wait()


async def _forget(surroundings: Surroundings[DevicesSettings], frames: SqliteFrames) -> None:
    clock = surroundings.clock
    while True:
        await clock.sleep_until(clock.now_us() + 3_600 * _SECOND_US)
        before_us = clock.now_us() - round(surroundings.settings.keep_days * _DAY_US)
        dropped = await frames.forget(before_us=before_us)
        surroundings.log.info("devices.frames_forgotten", frames=dropped)


def _show_figures(surroundings: Surroundings[DevicesSettings], ingest: Ingest, pool: CodecPool) -> None:
    figures = ingest.figures
    surroundings.metrics.gauges(
        "samstad_devices_messages",
        "Messages since the start of the role, by what became of them.",
        ("outcome",),
        lambda: [
            (("arrived",), figures.arrived),
            (("repeated",), figures.repeated),
            (("published",), figures.published),
            (("tested",), figures.tested),
            (("late",), figures.late),
        ],
    )
    surroundings.metrics.gauges(
        "samstad_devices_quarantined",
        "Messages that went into quarantine since the start of the role, by reason.",
        ("reason",),
        lambda: [((reason,), count) for reason, count in figures.quarantined.items()],
    )
    surroundings.metrics.gauges(
        "samstad_devices_codecs",
        "Runs of codecs, frames that wait for one, codecs that are paused, starts of their processes.",
        ("figure",),
        lambda: [((name,), count) for name, count in pool.figures().items()],
    )

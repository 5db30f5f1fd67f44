"""``samstad-rsmp site``: a complete traffic light controller without lamps."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cyclopts import Parameter

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.emulator.settings import Junction, SettingsWrong, check_junction
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.session.events import Event
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.cli.exits import CommandFailed, Exit, Json, print_line
from samstad_rsmp.shell.cli.options import Certificates, checked_versions, client_tls
from samstad_rsmp.shell.cli.supervise import PLAIN, stop_signals, until_stopped
from samstad_rsmp.shell.cli.telling import fields_of, text_of
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id, system_clock_ms
from samstad_rsmp.shell.disk_buffer import DiskBuffer

__all__ = ["read_junction", "site"]


def site(  # noqa: PLR0913  # a command's arguments are its flags
    *,
    file: Path | None = None,
    id: str = "RN+SI0001",  # noqa: A002  # the flag's name
    supervisor: Annotated[tuple[str, ...], Parameter(negative="")] = ("127.0.0.1:12111",),
    core: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    sxl: str = "1.2.1",
    draft: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    time_zone: str = "Europe/Stockholm",
    sync_clock: Annotated[bool, Parameter(negative="")] = False,
    adaptive: Annotated[bool, Parameter(negative="")] = False,
    reconnect: float = 10,
    seconds: float = 0,
    seed: int = 1,
    certificates: Certificates = PLAIN,
    json: Json = False,
) -> int:
    """Run an emulated traffic light controller, until Ctrl-C or for some seconds.

    Args:
        file: The junction (TOML); without it an example junction runs.
        id: The site id of the example junction.
        supervisor: Where a supervisor listens, as HOST:PORT, as often as needed; the first is primary.
        core: A version of RSMP to speak, as often as needed; all without it.
        sxl: The version of the signal exchange list.
        draft: Allow the draft 1.3.0 of the signal exchange list.
        data: A folder where messages are kept while a supervisor is gone; in memory without it.
        time_zone: The time zone of day tables.
        sync_clock: Set the controller's clock by the watchdogs of the primary supervisor.
        adaptive: Let adaptive control decide within the bounds of the plans.
        reconnect: The longest wait before connecting again, in seconds; the first is a second at most.
        seconds: For how long; 0 for ever.
        seed: The chance by which the example's traffic comes.
        certificates: TLS.
        json: Print JSON.
    """
    junction = read_junction(file) if file else example_junction(id, seed=seed)
    cores, sxl = checked_versions(core, sxl, draft=draft)
    controller = Controller(junction, zone=_zone(time_zone))
    device = _adaptive(controller) if adaptive else EmulatedDevice(controller)
    identity = Identity((junction.site_id,), (sxl,), cores)
    tls = client_tls(certificates)
    peers = []
    for number, where in enumerate(supervisor):
        host, port = _address(where)
        terms = SiteTerms(identity, primary=number == 0, sync_clock=sync_clock)
        buffer = DiskBuffer(data / f"{_safe(where)}.buffer") if data else None
        session = SiteSession(device, terms, new_id=new_message_id, buffer=buffer)
        peers.append(Supervisor(session, host, port, tls, host if tls else None))
    pace = Pace(first_s=min(1.0, max(0.01, reconnect)), most_s=max(0.01, reconnect))
    told = _teller(junction.site_id, json=json)
    return asyncio.run(_run(SiteClient(device, peers, told=told, pace=pace), seconds))


def _adaptive(controller: Controller) -> EmulatedDevice:
    steering = import_module("samstad_rsmp.emulator.steering")  # numpy only for whoever wants it
    try:
        return cast("EmulatedDevice", steering.AdaptiveDevice(controller))
    except RsmpError as error:
        raise CommandFailed(str(error), code=Exit.SETTINGS) from None


def read_junction(path: Path) -> Junction:
    """Return the junction of a site file; CommandFailed says what is wrong with it."""
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
        junction = msgspec.convert(plain, Junction)
        check_junction(junction)
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}", code=Exit.SETTINGS) from None
    except (ValueError, msgspec.ValidationError, SettingsWrong) as error:
        raise CommandFailed(f"{path}: {error}", code=Exit.SETTINGS) from None
    return junction


async def _run(client: SiteClient, seconds: float) -> int:
    task = asyncio.create_task(client.run())
    stopped = asyncio.create_task(until_stopped(stop_signals(), seconds))
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for one in (task, stopped):
        one.cancel()
    done = await asyncio.gather(task, stopped, return_exceptions=True)
    fault = next((one for one in done if isinstance(one, Exception)), None)
    if fault is not None:
        raise fault
    return Exit.OK


def _teller(site_id: str, *, json: bool) -> Callable[[Supervisor, Event], None]:
    def told(peer: Supervisor, event: Event) -> None:
        now_ms = system_clock_ms()
        text = text_of(site_id, event, now_ms)
        fields = fields_of(site_id, event, now_ms) | {"supervisor": f"{peer.host}:{peer.port}"}
        if json or text:
            print_line(fields, f"{text} [{peer.host}:{peer.port}]", as_json=json)

    return told


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CommandFailed(f"there is no time zone {name!r}", code=Exit.USAGE) from None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandFailed(f"{text!r} is not HOST:PORT", code=Exit.USAGE, todo="as in 127.0.0.1:12111")
    return host.strip("[]"), int(port)


def _safe(text: str) -> str:
    return "".join(one if one.isalnum() or one in "-." else "_" for one in text)

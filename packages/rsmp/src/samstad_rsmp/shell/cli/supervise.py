"""``samstad-rsmp supervisor`` and ``watch``: serve sites and tell what they say."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from typing import Annotated

from cyclopts import Parameter

from samstad_rsmp.session.events import Event
from samstad_rsmp.session.supervisor import Wish
from samstad_rsmp.shell.cli.exits import CommandFailed, Exit, Json, print_line
from samstad_rsmp.shell.cli.options import Certificates, Listening
from samstad_rsmp.shell.cli.telling import fields_of, text_of
from samstad_rsmp.shell.clock import system_clock_ms
from samstad_rsmp.shell.server import Lost, ServerTerms, SupervisorServer
from samstad_rsmp.sxl.rows import SXL_VERSIONS
from samstad_rsmp.sxl.table import get_sxl

__all__ = ["parse_wishes", "start_server", "stop_signals", "supervisor", "until_stopped", "watch"]

DEFAULT = Listening()
PLAIN = Certificates()
Codes = Annotated[tuple[str, ...], Parameter(negative="")]


def supervisor(
    *,
    subscribe: Codes = (),
    listening: Listening = DEFAULT,
    certificates: Certificates = PLAIN,
    json: Json = False,
) -> int:
    """Serve sites and print everything they say, until Ctrl-C.

    Args:
        subscribe: What to subscribe to at every site, as COMPONENT:CODE or COMPONENT:CODE:SECONDS.
        listening: Where to listen, and whom to serve.
        certificates: TLS.
        json: Print JSON.
    """

    def told(site_id: str, event: Event | Lost) -> None:
        now_ms = system_clock_ms()
        text = text_of(site_id, event, now_ms)
        if json or text:
            print_line(fields_of(site_id, event, now_ms), text, as_json=json)

    return asyncio.run(_serve(listening.terms(certificates), listening, parse_wishes(subscribe), told, json))


def watch(  # noqa: PLR0913  # a command's arguments are its flags
    site: str,
    /,
    *,
    component: str = "TC",
    status: Codes = ("S0001",),
    seconds: float = 0,
    listening: Listening = DEFAULT,
    certificates: Certificates = PLAIN,
    json: Json = False,
) -> int:
    """Watch statuses of one site as they change, until Ctrl-C or for some seconds.

    Args:
        site: The site id.
        component: The component whose statuses are watched.
        status: The codes to watch.
        seconds: For how long; 0 for ever.
        listening: Where to listen.
        certificates: TLS.
        json: Print JSON.
    """
    wishes = parse_wishes([f"{component}:{code}" for code in status])
    seen = [False]

    def told(site_id: str, event: Event | Lost) -> None:
        if site_id != site or type(getattr(event, "message", None)).__name__ in {"Alarm", "AggregatedStatus"}:
            return
        seen[0] = True
        now_ms = system_clock_ms()
        text = text_of(site_id, event, now_ms)
        if text:
            print_line(fields_of(site_id, event, now_ms), text, as_json=json)

    terms = listening.terms(certificates)
    asyncio.run(_serve(terms, listening, wishes, told, json, seconds=seconds))
    if not seen[0]:
        raise CommandFailed(
            f"site {site} did not connect",
            code=Exit.UNREACHABLE,
            todo=f"let it connect to {listening.host}:{listening.port}",
        )
    return Exit.OK


def parse_wishes(texts: Iterable[str]) -> list[Wish]:
    """Read COMPONENT:CODE and COMPONENT:CODE:SECONDS; CommandFailed names the first that is wrong."""
    return [wish for text in texts for wish in _wishes(text)]


def _wishes(text: str) -> list[Wish]:
    component, _, rest = text.rpartition(":S")
    code, _, interval = f"S{rest}".partition(":")
    if not component or (interval and not interval.isdigit()):
        raise CommandFailed(
            f"{text!r} is not COMPONENT:CODE or COMPONENT:CODE:SECONDS",
            code=Exit.USAGE,
            todo="as in TC:S0001",
        )
    names: dict[str, None] = {}
    for version in SXL_VERSIONS:
        row = get_sxl(version).statuses.get(code)
        names |= dict.fromkeys(one.name for one in row.arguments) if row else {}
    if not names:
        raise CommandFailed(f"there is no status {code}", code=Exit.USAGE, todo="see the list of codes")
    seconds = int(interval or 0)
    return [Wish(component, code, name, seconds, on_change=seconds == 0) for name in names]


async def _serve(  # noqa: PLR0913  # what a command was given
    terms: ServerTerms,
    listening: Listening,
    wishes: list[Wish],
    told: Callable[[str, Event | Lost], None],
    json: bool,  # private
    *,
    seconds: float = 0,
) -> int:
    server = SupervisorServer(terms, told=told)
    server.wishes_for = lambda _site: wishes
    stop = stop_signals()
    port = await start_server(server, listening)
    line = {"event": "listening", "host": listening.host, "port": port}
    print_line(line, f"listening on {listening.host}:{port}", as_json=json)
    try:
        await until_stopped(stop, seconds)
    finally:
        await server.stop()
    return Exit.OK


async def start_server(server: SupervisorServer, listening: Listening) -> int:
    """Listen, and return the port; CommandFailed when it cannot be."""
    try:
        return await server.start(listening.host, listening.port)
    except OSError as error:
        raise CommandFailed(
            f"cannot listen on {listening.host}:{listening.port}: {error.strerror or error}",
            code=Exit.SETTINGS,
            todo="choose another with --port, or end what listens there",
        ) from None


def stop_signals() -> asyncio.Event:
    """Return what Ctrl-C and SIGTERM set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def until_stopped(stop: asyncio.Event, seconds: float = 0) -> None:
    """Wait for the signal, or for some seconds."""
    try:
        await asyncio.wait_for(stop.wait(), seconds or None)
    except TimeoutError:
        return

"""``samstad-rsmp send``: say one thing to one site, and tell what it answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from samstad_rsmp.confirm import EXPECTED, is_confirmed
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.messages import Alarm, CommandResponse, StatusResponse
from samstad_rsmp.session.events import Event, Ready, Received, Refused
from samstad_rsmp.session.supervisor import SupervisorSession, Wish
from samstad_rsmp.shell.cli.exits import CommandFailed, Exit, Json, print_line
from samstad_rsmp.shell.cli.options import Certificates, Listening
from samstad_rsmp.shell.cli.supervise import DEFAULT, PLAIN, start_server
from samstad_rsmp.shell.cli.telling import fields_of, text_of
from samstad_rsmp.shell.clock import system_clock_ms
from samstad_rsmp.shell.server import Lost, SupervisorServer

__all__ = ["send"]

ALARM_WISHES = ("Acknowledge", "Suspend", "Resume", "Request")


@dataclass
class _Talk:
    site: str
    component: str
    code: str
    values: Mapping[str, str]
    wish: str
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Received | Refused | None = None
    said: bool = False

    def hear(self, site_id: str, event: Event | Lost) -> None:
        if site_id != self.site:
            return
        if isinstance(event, Ready):
            self.ready.set()
        if self.said and self.answer is None and self._is_answer(event):
            self.answer = event if isinstance(event, Received | Refused) else None
        self.heard.set()

    def _is_answer(self, event: Event | Lost) -> bool:
        message = getattr(event, "message", None)
        if isinstance(event, Refused):
            return True
        if getattr(message, "component_id", None) != self.component:
            return False
        if isinstance(message, Alarm):
            return message.code == self.code
        if isinstance(message, CommandResponse | StatusResponse):
            return message.values[0].code == self.code
        return False


def send(  # noqa: PLR0913  # a command's arguments are its flags
    site: str,
    code: str,
    /,
    *values: str,
    component: str = "TC",
    alarm: str = "Request",
    wait: float = 30,
    listening: Listening = DEFAULT,
    certificates: Certificates = PLAIN,
    json: Json = False,
) -> int:
    """Ask a site for a status, send it a command and see it confirmed, or a wish about an alarm.

    Args:
        site: The site id.
        code: A status (S0001), a command (M0002), or an alarm (A0301).
        values: The arguments of a command, as NAME=VALUE.
        component: The component that is meant.
        alarm: What is wished of an alarm: Acknowledge, Suspend, Resume or Request.
        wait: How many seconds to wait for the site, and then for each answer.
        listening: Where to listen.
        certificates: TLS.
        json: Print JSON.
    """
    given = dict(_pair(value) for value in values)
    if alarm not in ALARM_WISHES:
        raise CommandFailed(f"{alarm!r} is not one of {', '.join(ALARM_WISHES)}", code=Exit.USAGE)
    if code[:1] not in SAYING:
        raise CommandFailed(f"{code!r} is no status, command or alarm", code=Exit.USAGE, todo="as in S0001")
    talk = _Talk(site, component, code, given, alarm)
    return asyncio.run(_talk(talk, listening, certificates, wait, json))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandFailed(f"{text!r} is not NAME=VALUE", code=Exit.USAGE, todo="as in timeplan=3")
    return name, value


async def _talk(
    talk: _Talk,
    listening: Listening,
    certificates: Certificates,
    wait: float,
    json: bool,  # private
) -> int:
    server = SupervisorServer(listening.terms(certificates), told=talk.hear)
    await start_server(server, listening)
    try:
        await _until(talk.ready.wait(), wait, f"site {talk.site} did not connect", listening)
        _say(server, talk)
        await _until(_answered(talk), wait, f"site {talk.site} did not answer", listening)
        code = _tell_answer(talk, json)
        if code is Exit.OK and talk.code in EXPECTED:
            await _confirm(server, talk, wait, json)
        return code
    finally:
        await server.stop()


async def _until(waiting: Any, seconds: float, detail: str, listening: Listening) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        raise CommandFailed(
            f"{detail} within {seconds:g} s",
            code=Exit.UNREACHABLE,
            todo=f"is it set to connect to {listening.host}:{listening.port}?",
        ) from None


async def _answered(talk: _Talk) -> None:
    while talk.answer is None:
        talk.heard.clear()
        await talk.heard.wait()


def _say(server: SupervisorServer, talk: _Talk) -> None:
    talk.said = True
    try:
        server.speak(talk.site, lambda session, now_ms: SAYING[talk.code[0]](session, talk, now_ms))
    except RsmpError as error:
        raise CommandFailed(error.detail, code=Exit.USAGE, todo="nothing was sent") from None


SAYING: Mapping[str, Callable[[SupervisorSession, _Talk, int], str]] = {
    "S": lambda s, talk, now: s.request_status(talk.component, talk.code, list(talk.values), now_ms=now),
    "M": lambda s, talk, now: s.command(talk.component, talk.code, talk.values, now_ms=now),
    "A": lambda s, talk, now: s.wish_of_alarm(talk.wish, talk.component, talk.code, now_ms=now),
}


def _tell_answer(talk: _Talk, json: bool) -> Exit:  # private
    assert talk.answer is not None  # noqa: S101  # it has been waited for
    now_ms = system_clock_ms()
    fields = fields_of(talk.site, talk.answer, now_ms)
    print_line(fields, text_of(talk.site, talk.answer, now_ms), as_json=json)
    if isinstance(talk.answer, Refused):
        raise CommandFailed(f"the site refused: {talk.answer.reason}", code=Exit.REFUSED)
    message = talk.answer.message
    missing = [one for one in getattr(message, "values", []) if getattr(one, "value", "") is None]
    if missing and not isinstance(message, Alarm):
        raise CommandFailed("the site does not have it", code=Exit.REFUSED)
    return Exit.OK


async def _confirm(server: SupervisorServer, talk: _Talk, wait: float, json: bool) -> None:
    status, names = EXPECTED[talk.code].status, EXPECTED[talk.code].names
    component = server.book(talk.site).aggregated
    where = component.component_id if component is not None else talk.component
    wishes = [Wish(where, status, name) for name in names]
    server.speak(talk.site, lambda session, now_ms: _subscribe(session, wishes, now_ms))

    async def seen() -> None:
        while not is_confirmed(server.book(talk.site), where, talk.code, talk.values):
            talk.heard.clear()
            await talk.heard.wait()

    try:
        await asyncio.wait_for(seen(), wait)
    except TimeoutError:
        raise CommandFailed(
            f"taken, but {status} does not show it within {wait:g} s", code=Exit.REFUSED
        ) from None
    line = {"event": "confirmed", "site": talk.site, "status": status}
    print_line(line, f"confirmed by {status}", as_json=json)


def _subscribe(session: SupervisorSession, wishes: list[Wish], now_ms: int) -> str:
    session.subscribe(wishes, now_ms=now_ms)
    return ""

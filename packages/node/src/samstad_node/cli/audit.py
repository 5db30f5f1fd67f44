"""``samstad audit``: read who did what, and prove that nobody changed the account of it.

Both commands read files alone: the node may run, be stopped, or be the one whose export was handed over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import orjson
from cyclopts import Parameter

from samstad_access.domain.audit import GENESIS, ChainedEntry, Head, verify
from samstad_broker.spi.store import StoreError
from samstad_ngsild.entities.dates import iso
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.cli.sources import SettingsFile, command_settings
from samstad_node.keeping.audit_trail import NoTrail, audit_entries

__all__ = ["check", "list_entries"]

Place = Annotated[
    Path | None,
    Parameter(
        help="An export, a backup, a data directory, or a file of JSON lines; the node's own data where it "
        "is not given."
    ),
]
Data = Annotated[str | None, Parameter(help="Directory of everything that the node keeps.")]


def check(
    place: Place = None,
    /,
    *,
    kept: Annotated[
        tuple[str, ...],
        Parameter(help="A checkpoint NUMBER:HASH that was written down before; the chain must hold it."),
    ] = (),
    start: Annotated[
        str, Parameter(help="NUMBER:HASH of the entry before the first, where older history was given up.")
    ] = "",
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Prove that no audit entry was changed, removed, added or moved.

    Write the last number and hash down where nobody who administers the node can change it, and give it as
    --kept the next time. The exit code is 5 where an entry is not in order.
    """
    first = _head(start) if start else Head(0, GENESIS)
    checkpoints = [_head(text) for text in kept]
    with _readable():
        found = verify(audit_entries(_place(place, data, settings)), start=first, kept=checkpoints)
    text = f"{found.head.number} entries are in order; checkpoint {found.head.number}:{found.head.hash}"
    told = {"ok": found.ok, "number": found.head.number, "hash": found.head.hash, "fault": found.fault}
    emit(told, text if found.ok else f"{found.fault}\n{text}", json=json)
    return Exit.OK if found.ok else Exit.REFUSED_ROWS


def list_entries(
    place: Place = None,
    /,
    *,
    who: Annotated[str, Parameter(help="Only acts of this principal.")] = "",
    what: Annotated[str, Parameter(help="Only acts whose name begins so, such as key. or login.")] = "",
    data: Data = None,
    settings: SettingsFile = None,
    json: Json = False,
) -> int:
    """Print who did what, when and why, oldest first.

    With --json each entry is a line with its place in the chain, as `samstad audit check` reads it.
    """
    with _readable():
        for chained in audit_entries(_place(place, data, settings)):
            entry = chained.entry
            if (not who or entry.who == who) and entry.what.startswith(what):
                sys.stdout.write(_line(chained, json=json) + "\n")
    return Exit.OK


def _line(chained: ChainedEntry, *, json: bool) -> str:
    if json:
        return orjson.dumps(msgspec.to_builtins(chained)).decode()
    entry = chained.entry
    on = f" {entry.target}" if entry.target else ""
    why = f" ({entry.reason})" if entry.reason else ""
    return f"{chained.number} {iso(entry.at_us)} {entry.who} {entry.what}{on}: {entry.outcome}{why}"


def _place(place: Path | None, data: str | None, settings: Path | None) -> Path:
    return place or Path(command_settings(settings, {"node.data": data}).settings.node.data).absolute()


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != len(GENESIS):
        raise CommandFailed(
            f"{text!r} is no checkpoint",
            exit=Exit.USAGE,
            todo="give NUMBER:HASH as samstad audit check prints it",
        )
    return Head(int(number), digest)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except NoTrail as error:
        todo = "name an export, a backup or the node's data directory"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error
    except (StoreError, OSError) as error:
        todo = "samstad doctor says what is wrong with this node; if it is sealing its log now, try again"
        raise CommandFailed(str(error), exit=Exit.SETTINGS, todo=todo) from error

"""The table of rooms: what each package is for and may import; the import contracts are made from it.

Usage: scripts/rooms.py writes .importlinter, scripts/rooms.py --check says whether it is up to date.
A package that is not built yet may stand here; contracts are made for those that exist.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / ".importlinter"


class Room(NamedTuple):
    """One row.

    Attributes:
        name: the package, imported as ``samstad_<name>``.
        may_import: the packages of ours that it may import, directly or through others.
        layered: whether it is divided into http, store, gateway, simulation, service, spi and domain.
        pure: its parts that do no I/O and know no clock, chance or log, as modules under the package;
            "" is the whole of it.
        shells: the parts of a pure package that are not.
    """

    name: str
    may_import: tuple[str, ...] = ()
    layered: bool = False
    pure: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()


SERVICE = ("ngsild", "models", "plugin")
ROOMS: tuple[Room, ...] = (
    Room("ngsild", pure=("",), shells=("client", "memory")),
    Room("models"),
    Room("plugin", ("ngsild",)),
    Room("rsmp", pure=("",), shells=("shell",)),
    Room("talq", pure=("",), shells=("shell",)),
    Room("access", layered=True, pure=("domain",)),
    Room("broker", ("ngsild", "models"), layered=True, pure=("domain",)),
    Room("devices", SERVICE, layered=True, pure=("domain",)),
    Room("federation", (*SERVICE, "broker"), layered=True, pure=("domain",)),
    Room("lighting", (*SERVICE, "talq"), layered=True, pure=("domain",)),
    Room("signals", (*SERVICE, "rsmp"), layered=True, pure=("domain",)),
    Room("parking", SERVICE, layered=True, pure=("domain",)),
    Room("waste", SERVICE, layered=True, pure=("domain",)),
    Room("operations", SERVICE, layered=True, pure=("domain",)),
    Room("opendata", SERVICE, layered=True, pure=("domain",)),
    Room("governance", SERVICE, layered=True, pure=("domain",)),
    Room("console", SERVICE, layered=True, pure=("domain",)),
    Room("node", ("*",)),
)

LEVELS: tuple[tuple[str, ...], ...] = (
    ("node",),
    ("console", "opendata", "governance", "operations"),
    ("federation",),
    ("broker", "devices", "lighting", "signals", "parking", "waste", "access"),
    ("plugin",),
    ("ngsild", "models", "rsmp", "talq"),
)
"""From the top: a package imports only from levels below its own, never from a sibling."""

PROTECTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("broker", ("federation", "node")),
    ("rsmp", ("signals.gateway", "signals.simulation", "node")),
    ("talq", ("lighting.gateway", "node")),
)
"""Packages that only these may import at all."""

PARTS = (
    "(plugin)",
    "(http) | (store) | (gateway) | (simulation)",
    "(service) : (mapping)",
    "(spi)",
    "domain : (errors) : (settings)",
)
"""The parts of a layered package from the top; a part that is not named here breaks the build."""

IMPURE = (
    "aiohttp", "aiomqtt", "apsw", "asyncio", "duckdb", "http", "httpx", "logging", "os", "random", "secrets",
    "select", "socket", "sqlite3", "ssl", "structlog", "subprocess", "tempfile", "threading", "time",
)  # fmt: skip
"""What pure parts do not import: time, chance and identifiers are arguments (I7)."""

ALLOWED_IMPURITIES: tuple[tuple[str, str], ...] = (
    ("samstad_ngsild.context.resolver", "asyncio"),  # callers who want the same context share one answer
)
"""The exceptions, each with its reason; the list may only shrink."""

ALLOWED_CYCLES: tuple[tuple[str, str], ...] = (
    (
        "samstad_broker.http.router",
        "samstad_broker.http.exchange",
    ),  # for types only: a handler takes an Exchange
    ("samstad_broker.service.delivery.gate", "samstad_broker.service.delivery.lane"),  # for types only
    (
        "samstad_node.server.protocol",
        "samstad_node.server.native",
    ),  # for types only: a protocol knows its server
)
"""Imports that close a cycle, each with its reason; the list may only shrink."""


def present() -> list[Room]:
    """Return the rows whose package exists."""
    return [room for room in ROOMS if (ROOT / "packages" / room.name / "pyproject.toml").exists()]


def members() -> list[str]:
    """Return the packages that exist, whether they stand in the table or not."""
    return sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))


def render() -> str:
    """Return the text of .importlinter."""
    blocks = [_head(), *_row_contracts(), _levels(), *_protected(), *_parts(), *_pure(), _acyclic()]
    return "\n\n".join(blocks) + "\n"


def _block(name: str, title: str, kind: str, **lines: list[str] | str) -> str:
    text = [f"[importlinter:contract:{name}]", f"name = {title}", f"type = {kind}"]
    for key, value in lines.items():
        if isinstance(value, str):
            text.append(f"{key} = {value}")
        else:
            text += [f"{key} =", *(f"    {line}" for line in value)]
    return "\n".join(text)


def _head() -> str:
    packages = [f"    samstad_{room.name}" for room in present()]
    made = "# Made by scripts/rooms.py from its table; change that, then run `make contracts`."
    return "\n".join(
        [made, "[importlinter]", "root_packages =", *packages, "include_external_packages = True"]
    )


def _row_contracts() -> Iterator[str]:
    names = [room.name for room in present()]
    for room in present():
        forbidden = [other for other in names if other not in {room.name, *room.may_import}]
        if "*" in room.may_import or not forbidden:
            continue
        allowed = " and ".join(room.may_import) or "nothing of ours"
        yield _block(
            f"row-{room.name}",
            f"{room.name} imports {allowed}",
            "forbidden",
            source_modules=[f"samstad_{room.name}"],
            forbidden_modules=[f"samstad_{other}" for other in forbidden],
        )


def _levels() -> str:
    names = {room.name for room in present()}
    levels = [[name for name in level if name in names] for level in LEVELS]
    layers = [" | ".join(f"samstad_{name}" for name in level) for level in levels if level]
    return _block(
        "levels", "surfaces over federation over services over shared models", "layers", layers=layers
    )


def _protected() -> Iterator[str]:
    names = {room.name for room in present()}
    for name, importers in PROTECTED:
        if name in names:
            allowed = [f"samstad_{one}" for one in importers if one.split(".")[0] in names]
            title = f"only {' and '.join(importers)} import {name}"
            yield _block(
                f"only-{name}",
                title,
                "protected",
                protected_modules=[f"samstad_{name}"],
                allowed_importers=allowed,
            )


def _parts() -> Iterator[str]:
    for room in present():
        if room.layered:
            yield _block(
                f"parts-{room.name}",
                f"inside {room.name}: bindings over service over spi over domain",
                "layers",
                layers=list(PARTS),
                containers=[f"samstad_{room.name}"],
                exhaustive="True",
            )


def _pure() -> Iterator[str]:
    for room in present():
        sources = [f"samstad_{room.name}.{part}" for part in _pure_parts(room)]
        if sources:
            ignored = [f"{who} -> {what}" for who, what in ALLOWED_IMPURITIES]
            parts = " and ".join(filter(None, room.pure)) or "the core"
            yield _block(
                f"pure-{room.name}",
                f"no I/O, clock, chance or log in {parts} of {room.name}",
                "forbidden",
                source_modules=sources,
                forbidden_modules=list(IMPURE),
                ignore_imports=ignored,
            )


def _pure_parts(room: Room) -> list[str]:
    if room.pure != ("",):
        return list(room.pure)
    source = ROOT / "packages" / room.name / "src" / f"samstad_{room.name}"
    found = {path.stem for path in source.glob("*.py")} | {
        path.parent.name for path in source.glob("*/__init__.py")
    }
    return sorted(found - {"__init__", *room.shells})


def _acyclic() -> str:
    ancestors = [f"samstad_{room.name}" for room in present()]
    ignored = [f"{who} -> {whom}" for who, whom in ALLOWED_CYCLES]
    title = "no import cycles anywhere"
    return _block("acyclic", title, "acyclic_siblings", ancestors=ancestors, ignore_imports=ignored)


def main() -> int:
    """Write or check the contracts; 1 when they are out of date or a package has no row."""
    unknown = set(members()) - {room.name for room in ROOMS}
    if unknown:
        print(f"rooms: no row for {', '.join(sorted(unknown))} in scripts/rooms.py")
        return 1
    text = render()
    if "--check" not in sys.argv[1:]:
        CONTRACTS.write_text(text, encoding="utf-8")
    elif not CONTRACTS.exists() or CONTRACTS.read_text(encoding="utf-8") != text:
        print("rooms: .importlinter is not what scripts/rooms.py makes; run 'make contracts'")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

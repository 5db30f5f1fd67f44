"""``samstad demo``: a node with live data, and where to look."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from samstad_models.contexts import context_url
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.clock import SystemClock
from samstad_node.demo.boxes import BOX_SETTINGS, WAYS, BoxesProcess, box_entities, let_in
from samstad_node.demo.collection import CollectionProcess
from samstad_node.demo.edinburgh import Emptying, read_emptyings
from samstad_node.demo.feeder import Feeder
from samstad_node.demo.junctions import FAULTY, JUNCTIONS
from samstad_node.demo.node import SERVE, ChildNode, NodeEnded, login_link, read_key, usable_port
from samstad_node.demo.street import CODES, StreetProcess, free_port, put_junctions
from samstad_node.sending import NodeApi, NotReachable, Refused

__all__ = ["demo", "run_demo"]

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 30.0
_TRIES, _PAUSE_S = 20, 0.5
"""The role for devices may still be starting, or has not been told of a new device."""
REFERENCE = "SAMSTAD_REFERENCE"
CONSOLE = "/console/v1/app/"


def demo(
    *,
    data: Annotated[
        str | None, Parameter(help="Directory to keep the data in; without it they are thrown away.")
    ] = None,
    port: Annotated[int, Parameter(help="HTTP port; any free one when it is taken.")] = 8080,
    json: Json = False,
) -> int:
    """Start a node with live data and say where to look; Ctrl-C ends it.

    An invented district is created and then changes about twenty times a second, sent from outside the node
    over its HTTP API; twenty emulated signal controllers speak RSMP with it, and sensors send by LoRaWAN
    webhook, HTTP, CoAP and MQTT. After two minutes one sensor
    tells nonsense, another one nothing, and a detector of one junction is stuck.
    """
    return run_demo(data=data, port=port, json=json)


def run_demo(*, data: str | None, port: int, json: bool, command: Sequence[str] = SERVE) -> int:
    """Run the demo on a node that ``command`` starts, until SIGINT or SIGTERM."""
    with ExitStack() as stack:
        stopping = stack.enter_context(_stop_on_signals())
        where = Path(data or stack.enter_context(tempfile.TemporaryDirectory(prefix="samstad-demo-")))
        where.mkdir(parents=True, exist_ok=True)
        street_port = free_port()
        node = ChildNode(
            where.absolute(),
            port=usable_port(port),
            command=command,
            environment=os.environ | dict(BOX_SETTINGS) | _for_signals(where.absolute(), street_port),
        )
        stack.callback(node.stop, within_s=STOPPED_WITHIN_S)
        try:
            _feed(node, stopping, stack, street_port, json=json)
        except (NodeEnded, NotReachable, Refused) as error:
            detail = f"the demo cannot go on: {error}"
            raise CommandFailed(detail, exit=Exit.UNREACHABLE, todo=_last_words(node)) from error
        _tell("the demo ends")
    return Exit.OK


def _for_signals(data: Path, port: int) -> dict[str, str]:
    """Return the settings of the role for signals: where controllers find it, and their codes."""
    codes = data / "signals-codes.toml"
    codes.write_text(CODES, encoding="utf-8")
    return {"SAMSTAD_SIGNALS_PORT": str(port), "SAMSTAD_SIGNALS_CODES_FILE": str(codes)}


def _open_street(node: ChildNode, stack: ExitStack, street_port: int, port: int, key: str) -> None:
    """Let emulated controllers connect, where the node has the role for signals."""
    if not node.has_role("signals"):
        return
    if put_junctions(port, key):
        street = StreetProcess(street_port, node.data / "street.log")
        stack.callback(street.stop)
        _tell(f"{len(JUNCTIONS)} signalled junctions connect; {FAULTY.name} gets a fault after two minutes")
    else:
        _tell("the node has not taken the signalled junctions: the demo goes on without")


def _open_boxes(
    node: ChildNode, stack: ExitStack, api: NodeApi, stopping: threading.Event, port: int
) -> None:
    """Let sensors send by each way in, where the node has the role for devices."""
    if not node.has_role("devices"):
        return
    api.upsert(box_entities())
    key, boxes = read_key(node.data), []
    for _ in range(_TRIES):
        boxes = let_in(port, key, node.ports_of("devices"))
        if len(boxes) == len(WAYS) or stopping.wait(_PAUSE_S):
            break
    if boxes:
        process = BoxesProcess(boxes, node.data / "boxes.log")
        stack.callback(process.stop)
        _tell(f"sensors send by {', '.join(box['way'] for box in boxes)}")


def _feed(
    node: ChildNode, stopping: threading.Event, stack: ExitStack, street_port: int, *, json: bool
) -> None:
    port = node.port_when_ready(wait=stopping.wait, within_s=READY_WITHIN_S)
    if port is None:
        return
    url, key = f"http://127.0.0.1:{port}", read_key(node.data)
    api = NodeApi(url, key=key, context=context_url("city"))
    try:
        feeder = Feeder(api, SystemClock(), stopping.wait, _tell, _recorded())
        entities = feeder.create()
        _open_street(node, stack, street_port, port, key)
        if node.has_role("waste"):
            stack.callback(CollectionProcess(url, key, node.data / "collection.log").stop)
            _tell(f"bins fill, and lorries empty them by plan: {url}/waste/v1/crew")
        _open_boxes(node, stack, api, stopping, port)
        link = login_link(port, key) if key else ""
        told = {"ready": True, "url": url, "key": key, "login": link}
        page = CONSOLE if node.has_role("console") else "/"
        emit(told, _where_to_look(url, key, link, page=page), json=json)
        feeder.run(entities)
    finally:
        api.close()
    if not node.running:
        raise NodeEnded("the node ended by itself")


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stopping = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: stopping.set()) for kind in kinds]
    try:
        yield stopping
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _recorded() -> list[Emptying]:
    directory = Path(os.environ.get(REFERENCE) or "-") / "bins-edinburgh"
    return read_emptyings(directory) if (directory / "emptyings.csv").is_file() else []


def _tell(line: str) -> None:
    sys.stderr.write(f"samstad: {line}\n")
    sys.stderr.flush()


def _last_words(node: ChildNode) -> str:
    lines = node.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return f"the node's last words: {' | '.join(lines[-3:])}" if lines else ""


def _where_to_look(url: str, key: str, login_url: str, *, page: str) -> str:
    header = f" -H 'X-API-Key: {key}'" if key else ""
    login = f"  for programs                the key {key}\n" if key else ""
    browser = f"{url}{page}"
    if login_url:
        browser = f"{login_url}?to={page}\n    (logs you in: opens once, within 15 minutes)"
    link = f'<{context_url("city")}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    return f"""The demo city lives. Look at it:
  in a browser                {browser}
{login}  the live table              {url}/
  the models                  {url}/models
  the API                     {url}/api

or with curl:
  curl{header} '{url}/ngsi-ld/v1/types'
  curl{header} -H 'Link: {link}' '{url}/ngsi-ld/v1/entities?type=WasteContainer&limit=3'
  curl{header} '{url}/signals/v1/junctions'
  curl{header} '{url}/waste/v1/bins?hours=24'
  curl{header} '{url}/waste/v1/followup'
  curl -N{header} '{url}/live'

Ctrl-C ends it.
"""

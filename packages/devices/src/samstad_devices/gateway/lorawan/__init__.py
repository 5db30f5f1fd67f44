"""LoRaWAN network servers: what each writes, read into the one shape of ``domain.messages``.

A network server is one row of ``NETWORKS``; nothing else knows its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.messages import Message
from samstad_devices.gateway import wmbus
from samstad_devices.gateway.lorawan import actility, chirpstack, others, the_things_stack

__all__ = ["NETWORKS", "read_body"]

MAX_BODY_BYTES = 262_144

Read = Callable[[Mapping[str, Any], str | None], Message | None]

NETWORKS: dict[str, Read] = {
    "actility": actility.read,
    "chirpstack": chirpstack.read_v4,
    "chirpstack-v3": chirpstack.read_v3,
    "everynet": others.read_everynet,
    "kerlink": others.read_kerlink,
    "loriot": others.read_loriot,
    "multitech": others.read_multitech,
    "proximus": actility.read_proximus,
    "the-things-stack": the_things_stack.read,
    "wmbus": wmbus.read,
}
"""Network server or gateway, as settings and paths name it → how its bodies are read.

A reader is given the decoded body and the event's name where the network says it beside the body; it returns
None for what tells nothing of a device.
"""


def read_body(network: str, body: bytes, *, event: str | None = None) -> Message | None:
    """Return the message in what a network server sent, or None where it is nothing to a device.

    Args:
        network: one of ``NETWORKS``.
        body: JSON as it came.
        event: what the network says beside the body (ChirpStack: ``?event=up``, or a part of the topic).

    Raises:
        MessageRefused: it is not what that network server writes.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MessageRefused(f"The body has {len(body)} bytes; an event has at most {MAX_BODY_BYTES}.")
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MessageRefused(f"The body is no JSON: {error}.") from None
    if not isinstance(decoded, dict):
        raise MessageRefused("The body is a JSON object.", pointer="")
    return NETWORKS[network](decoded, event)

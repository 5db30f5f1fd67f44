"""Settings of the role."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["DevicesSettings"]


class DevicesSettings(msgspec.Struct, frozen=True):
    """Devices of any radio: how many messages may wait, how long frames are kept, limits of codecs."""

    waiting: Annotated[int, Meta(ge=100, description="Messages that may wait for the disk at once.")] = 10_000
    keep_days: Annotated[float, Meta(gt=0, description="Raw frames are kept so long after their end.")] = 30.0
    codec_processes: Annotated[int, Meta(ge=1, le=16, description="Processes that run codecs.")] = 1
    codec_time_ms: Annotated[int, Meta(ge=1, le=10_000, description="Time of one decoding.")] = 100
    key_file: Annotated[
        str,
        Meta(description="File with the key that wraps devices' keys; empty: devices-keys.key beside them."),
    ] = ""
    coap_host: Annotated[str, Meta(description="Address that CoAP listens on.")] = "127.0.0.1"
    coap_port: Annotated[
        int,
        Meta(ge=-1, le=65_535, description="UDP port of CoAP without encryption; 0 is a free one, -1 none."),
    ] = 5683
    coaps_host: Annotated[str, Meta(description="Address that CoAP over DTLS listens on.")] = "127.0.0.1"
    coaps_port: Annotated[
        int, Meta(ge=-1, le=65_535, description="UDP port of CoAP over DTLS; 0 is a free one, -1 none.")
    ] = 5684
    coap_networks: Annotated[
        tuple[str, ...], Meta(description="From where datagrams are read; others are dropped unanswered.")
    ] = ("127.0.0.0/8", "::1/128")
    coap_per_second: Annotated[
        float, Meta(gt=0, description="Datagrams a second of one address; four times as many in a burst.")
    ] = 50.0
    mqtt_host: Annotated[str, Meta(description="Address that MQTT listens on.")] = "127.0.0.1"
    mqtt_port: Annotated[
        int, Meta(ge=-1, le=65_535, description="Port of MQTT; 0 is a free one (see run.json), -1 none.")
    ] = 1883
    mqtt_certificate: Annotated[str, Meta(description="PEM file; with mqtt_key MQTT speaks TLS alone.")] = ""
    mqtt_key: Annotated[str, Meta(description="PEM file of the certificate's private key.")] = ""
    mqtt_connections: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Connections of MQTT that may be open.")
    ] = 10_000
    mqtt_sources: Annotated[
        tuple[str, ...],
        Meta(
            description="Brokers of network servers to follow, each as `NAME NETWORK "
            "mqtts://USER@HOST:PORT/FILTER PASSWORD-FILE`; NAME is unique at the broker."
        ),
    ] = ()
    downlinks: Annotated[
        tuple[str, ...],
        Meta(
            description="Network servers that take downlinks, each as `CONNECTION NETWORK URL TOKEN-FILE`; "
            "NETWORK is chirpstack or the-things-stack."
        ),
    ] = ()
    health_every_s: Annotated[
        float, Meta(ge=1, description="How often silent devices are looked for, and alerts are written.")
    ] = 30.0

"""What reaches a node from a device, whichever network brought it: the shape behind every way in.

Times are microseconds since 1970 UTC. Radio figures are absent where a network does not tell them.
"""

from __future__ import annotations

from dataclasses import dataclass

from samstad_devices.domain.identifiers import Identifier

__all__ = ["DownlinkAnswered", "Joined", "Message", "Reception", "StatusReported", "Uplink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """One gateway that heard a frame.

    Attributes:
        gateway: its EUI-64 or its name at the network.
        rssi_dbm, snr_db: strength of the signal, and above the noise.
        time_us: when it heard the frame.
        latitude, longitude: where it stands, degrees.
    """

    gateway: str
    rssi_dbm: float | None = None
    snr_db: float | None = None
    time_us: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """A frame that a device sent.

    Attributes:
        device: by what the network knows it.
        time_us: when it was received over the air; None where nobody says, the node's own time then counts.
        port: LoRaWAN's FPort, or what stands for it; codecs depend on it.
        payload: the bytes of the application, deciphered.
        counter: the frame counter; gaps in it are frames that were lost.
        device_address: LoRaWAN's DevAddr, which names the session that the counter belongs to.
        deduplication: the network's own key of the frame; equal keys are one frame.
        confirmed: the device waits for an acknowledgement.
        receptions: gateways that heard it.
        spreading_factor: of LoRa, 7 to 12.
        frequency_hz: of the channel.
        battery_percent: where the network says it along with the frame.
        content_format: number of the payload's form where the sender says it (CoAP Content-Formats).
        path: of the object or resource that the payload tells of, where the way in has such.
    """

    device: Identifier
    payload: bytes
    time_us: int | None = None
    port: int | None = None
    counter: int | None = None
    device_address: str | None = None
    deduplication: str | None = None
    confirmed: bool = False
    receptions: tuple[Reception, ...] = ()
    spreading_factor: int | None = None
    frequency_hz: int | None = None
    battery_percent: float | None = None
    content_format: int | None = None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A device joined the network anew: its frame counters begin at 0."""

    device: Identifier
    time_us: int | None = None
    device_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported:
    """What a device answered to the network's DevStatusReq.

    Attributes:
        battery_percent: None where it does not know, or is fed from outside.
        is_fed: it has external power.
        margin_db: how far above the demodulation floor it heard the last request.
    """

    device: Identifier
    time_us: int | None = None
    battery_percent: float | None = None
    is_fed: bool = False
    margin_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownlinkAnswered:
    """What became of a downlink at the network.

    Attributes:
        outcome: ``sent`` by a gateway, ``acknowledged`` or ``refused`` (by the device: not acknowledged).
        reference: the key that the network gave the downlink when it was queued.
    """

    device: Identifier
    outcome: str
    reference: str | None = None
    counter: int | None = None
    time_us: int | None = None


Message = Uplink | Joined | StatusReported | DownlinkAnswered

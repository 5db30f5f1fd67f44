"""Types of resources, by object: what the bytes of a TLV mean, which tell no type themselves.

Numbers and types are those of the OMA LwM2M registry: the core objects, IPSO's sensors and actuators (whose
resources mean the same in every object), and uCIFI's objects of cities.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["KINDS", "OBJECTS", "REUSABLE", "Shape", "kind_of"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "b": "boolean",
        "c": "corelnk",
        "e": "executable",
        "f": "float",
        "i": "integer",
        "l": "objlnk",
        "o": "opaque",
        "s": "string",
        "t": "time",
        "u": "unsigned",
    }
)
"""Letter in the tables → type of a resource (LwM2M Core, annex C)."""


class Shape(NamedTuple):
    """One object.

    Attributes:
        name: in the registry.
        resources: a letter of ``KINDS`` and the resources that are so, in runs, for each type; those that are
            the same in every object are left out.
    """

    name: str
    resources: str = ""


REUSABLE = (
    "b:5500,5502,5532-5533,5850 e:5505,5605,5650-5651,5822 "
    "f:5508-5511,5521,5536-5538,5544,5548,5600-5604,5700,5702-5705,5800-5806,5810-5816,5820-5821,6050 "
    "i:5501,5503-5504,5526,5534,5546-5547,5851-5852,5903-5904,6042,6049 o:5522 "
    "s:5514-5515,5527,5701,5706,5750-5751,5853 t:5518"
)
"""Resources that mean the same in every object (from 2048 on in the registry)."""

OBJECTS: Mapping[int, Shape] = MappingProxyType(
    {
        1: Shape("LwM2M Server", "b:6,15,18 e:4,8-9 i:0-3,5,10-14,16-17,19-21,23 s:7,22"),
        3: Shape("Device", "e:4-5,12 i:6-11,20-21 l:22 s:0-3,14-19 t:13"),
        4: Shape("Connectivity Monitoring", "i:0-3,6,8-13 s:4-5,7"),
        5: Shape("Firmware Update", "e:2,10 i:3,5,8-9,12-13 o:0 s:1,6-7,11"),
        6: Shape("Location", "f:0-3,6 o:4 t:5"),
        3200: Shape("Digital Input"),
        3201: Shape("Digital Output"),
        3202: Shape("Analog Input"),
        3203: Shape("Analog Output"),
        3300: Shape("Generic Sensor"),
        3301: Shape("Illuminance"),
        3302: Shape("Presence"),
        3303: Shape("Temperature"),
        3304: Shape("Humidity"),
        3305: Shape("Power Measurement"),
        3306: Shape("Actuation"),
        3308: Shape("Set Point"),
        3310: Shape("Load Control"),
        3311: Shape("Light Control"),
        3312: Shape("Power Control"),
        3313: Shape("Accelerometer"),
        3314: Shape("Magnetometer"),
        3315: Shape("Barometer"),
        3316: Shape("Voltage"),
        3317: Shape("Current"),
        3318: Shape("Frequency"),
        3319: Shape("Depth"),
        3320: Shape("Percentage"),
        3321: Shape("Altitude"),
        3322: Shape("Load"),
        3323: Shape("Pressure"),
        3324: Shape("Loudness"),
        3325: Shape("Concentration"),
        3326: Shape("Acidity"),
        3327: Shape("Conductivity"),
        3328: Shape("Power"),
        3329: Shape("Power Factor"),
        3330: Shape("Distance"),
        3331: Shape("Energy"),
        3332: Shape("Direction"),
        3333: Shape("Time"),
        3334: Shape("Gyrometer"),
        3335: Shape("Colour"),
        3336: Shape("Location"),
        3337: Shape("Positioner"),
        3338: Shape("Buzzer"),
        3339: Shape("Audio Clip"),
        3340: Shape("Timer"),
        3342: Shape("On/Off switch"),
        3343: Shape("Level control"),
        3345: Shape("Multiple Axis Joystick"),
        3346: Shape("Rate"),
        3347: Shape("Push button"),
        3348: Shape("Multistate Selector"),
        3349: Shape("Bitmap"),
        3350: Shape("Stopwatch"),
        3410: Shape("Device Extension", "b:6-7,15 e:8 i:9,14 s:1-4,10,13 t:5,11-12"),
        3411: Shape("Battery", "b:6-7,9 e:11 f:2-3 i:1,5,8,10 s:4,12"),
        3412: Shape("LPWAN Communication", "b:15,19 f:11-12,18,20 i:10,16-17 s:1-9,21-24 t:13-14"),
        3413: Shape("uCIFI Generic Actuator", "b:6 i:1-5"),
        3414: Shape("uCIFI data bridge", "b:6 i:3-5,7,11 o:1 s:2,9-10 t:8"),
        3415: Shape("Time synchronization", "b:5 i:3-4 s:1-2"),
        3416: Shape(
            "Outdoor lamp controller",
            "b:5,7,9-12,14,22,25,29-31,54 e:16,19,24,27,57 f:15,21,42-49,52,56,62 "
            "i:1-4,6,8,13,18,20,23,26,28,32-33,35-41,53,55,63 s:58-61 t:17,34,50-51",
        ),
        3417: Shape("Luminaire asset", "f:7-8 i:2-5,9-12 s:1,6,13-14"),
        3418: Shape(
            "Electrical monitor",
            "b:9,12,15,17,19,21,23,25 e:7 f:1-6,8,10-11,13-14,16,18,20,22,24,26-32 i:33-35",
        ),
        3419: Shape("Photocell", "b:3 f:1-2"),
        3420: Shape("LED color light", "s:1"),
        3421: Shape("Single-phase electrical meter", "b:3,5,8,10,15,53,58 f:1-2,4,6-7,9,11-14,16-52,54-57"),
        3422: Shape("Three-phase electrical meter complement", "b:35,40-42 f:1-28,31-34,39 i:29-30,36-38"),
        3423: Shape("Gas meter", "b:9-11 e:2,5 f:1,7-8 i:4,6 s:3"),
        3424: Shape("Water meter", "b:9-13 e:2,5 f:1,7-8 i:4,6 s:3"),
        3425: Shape("Irrigation valve", "b:6 i:1-5"),
        3426: Shape("Water quality sensor", "f:1-14"),
        3427: Shape("Pressure monitoring sensor", "b:3-4 e:9 f:1,5-8 i:2"),
        3428: Shape("Air quality", "f:1-24"),
        3429: Shape("Tilt sensor", "b:6 e:4 f:1-3,5"),
        3430: Shape(
            "Global Navigation Satellite System",
            "b:20-21,25-26,33 f:1-3,5-12,18-19,22,27,29-32,34-36 i:4,13-16,23 s:17,28 t:0,24",
        ),
        3431: Shape("Parking Sensor", "b:1,4 i:2-3 s:5"),
        3432: Shape("Traffic Counter", "e:2 i:0-1,3-17"),
        3433: Shape("Noise sensor", "b:1-2 e:8 f:3-7"),
        3434: Shape("People counter", "e:4,7 i:1-3,5-6 s:8"),
        3435: Shape(
            "Filling level",
            "b:5,7,12-13,21-23 e:9,20 f:2,4,6,8,16 i:1,3,14,19 s:15,17-18 t:10-11",
        ),
        3436: Shape("Edge computing manager", "i:1-4 s:5"),
        3437: Shape("Edge computing script", "b:6-7 o:4 s:1-3,5"),
        3438: Shape("Edge computing time condition", "b:3 s:1-2"),
        3439: Shape("Edge computing generic condition", "b:3 o:1 s:2"),
        3445: Shape("Stream Gauge", "b:7,10 e:5 f:1-2,6,9 i:4,8,11 s:3"),
        3446: Shape("Rain Gauge", "e:2 f:1 i:5 s:4 t:3"),
        3447: Shape(
            "LPWAN Mesh Connectivity",
            "b:16-17 e:7 f:2,8-9,29-31 i:1,3,6,11-12,19,21,34 o:28 s:0,4,10,13-15,18,20,22-27 t:5",
        ),
        3448: Shape("LPWAN Mesh Statistics", "e:28-29 i:1-27"),
        3449: Shape("Anemometer", ""),
        3450: Shape("Wet Bulb Globe Temperature", "b:4 e:6 f:2-3 i:1,5"),
        3451: Shape("Roll over sensor", "b:6 e:4 f:1-3,5"),
        3452: Shape("Program Scheduler", "b:1,8-9 i:2-4 s:0,5-7"),
        3453: Shape("Calendar Rule", "b:5 i:1 s:0,2-4"),
        3454: Shape("Program Function", "i:3 s:0-1,4-10"),
        3455: Shape("Input Filter", "f:3-4 i:2 s:0-1"),
        3456: Shape("Output Filter", "f:1,3 i:0,2"),
        3457: Shape("Program Manager", "e:12,16 i:0-11,13-15"),
        3458: Shape("Program Monitor", "e:3,6 i:1-2,4-5 s:0,8 t:7"),
        3459: Shape(
            "Distributed Sensor Group",
            "b:18-19 f:0,12-14,16 i:3,6,8-11,15,17,21 s:2,4-5,7,20,22-24 t:1",
        ),
        3460: Shape("Distributed Sensor Message", "f:5 i:0,3-4 s:2 t:1"),
        3461: Shape("Sensor Group Device Capabilities", "e:5 i:1-4"),
    }
)
"""Number of an object → what it is."""


def kind_of(object_id: int, resource_id: int) -> str:
    """Return the letter of a resource's type; ``o`` where nobody knows it: bytes are kept as they are."""
    if resource_id >= 2_048:
        return _kinds(REUSABLE).get(resource_id, "o")
    shape = OBJECTS.get(object_id)
    return "o" if shape is None else _kinds(shape.resources).get(resource_id, "o")


@cache
def _kinds(text: str) -> Mapping[int, str]:
    found: dict[int, str] = {}
    for part in text.split():
        letter, _, runs = part.partition(":")
        for run in runs.split(","):
            first, _, last = run.partition("-")
            found.update(dict.fromkeys(range(int(first), int(last or first) + 1), letter))
    return found

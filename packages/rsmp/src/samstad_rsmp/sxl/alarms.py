"""The alarms of the TLC SXL."""

from __future__ import annotations

from samstad_rsmp.sxl.rows import Alarm, Argument, Kind, ObjectType

__all__ = ["ALARMS"]

TC, SG, DL = ObjectType
COLOUR = Argument("color", Kind.STRING, "which lamp", choices=("red", "yellow", "green"))
DETECTOR = (
    Argument("detector", Kind.STRING, "the detector's designation"),
    Argument("type", Kind.STRING, "what the detector is", choices=("loop", "input")),
    Argument("errormode", Kind.STRING, "how it is held while faulty", choices=("on", "off")),
    Argument("manual", Kind.BOOLEAN, "whether the detector logic is controlled by hand"),
)
LOGIC = (
    *DETECTOR,
    Argument(
        "logicerror", Kind.STRING, "the kind of fault", choices=("always_off", "always_on", "intermittent")
    ),
)

ALARMS: tuple[Alarm, ...] = (
    Alarm("A0001", TC, 2, "Serious hardware error"),
    Alarm("A0002", TC, 3, "Less serious hardware error"),
    Alarm("A0003", TC, 2, "Serious configuration error"),
    Alarm("A0004", TC, 3, "Less serious configuration error"),
    Alarm("A0005", TC, 3, "Synchronisation error of coordination"),
    Alarm("A0006", TC, 2, "Safety error"),
    Alarm(
        "A0007",
        TC,
        3,
        "Communication error with the central system, or time source lost",
        (Argument("protocol", Kind.STRING, "which link", choices=("rsmp", "ntp"), since="1.1.0"),),
    ),
    Alarm(
        "A0008",
        SG,
        2,
        "Dead lock: requested green cannot be given",
        (Argument("timeplan", Kind.INTEGER, "the plan that runs", 1, 255),),
    ),
    Alarm("A0009", TC, 3, "Other error"),
    Alarm("A0010", TC, 3, "Door open", since="1.0.15"),
    Alarm("A0101", SG, 3, "Push-button error"),
    Alarm("A0201", SG, 2, "Serious lamp error", (COLOUR,)),
    Alarm("A0202", SG, 3, "Less serious lamp error", (COLOUR,)),
    Alarm("A0301", DL, 3, "Detector hardware error", DETECTOR),
    Alarm("A0302", DL, 3, "Detector logic error", LOGIC),
    Alarm("A0303", DL, 2, "Serious detector hardware error", DETECTOR, since="1.1.0"),
    Alarm("A0304", DL, 2, "Serious detector logic error", LOGIC, since="1.1.0"),
)

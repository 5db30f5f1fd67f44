"""The statuses of the TLC SXL."""

from __future__ import annotations

from samstad_rsmp.sxl.rows import Argument, Kind, ObjectType, Status

__all__ = ["STATUSES"]

TC, SG, DL = ObjectType
SOURCES = ("operator_panel", "calendar_clock", "control_block", "forced", "startup", "other")
CELLS = "^[01-]*$"
INTERSECTION = Argument("intersection", Kind.INTEGERS, "the intersections spoken of; 0 for all", 0, 255)
SOURCE = Argument("source", Kind.STRINGS, "what caused the last change", choices=SOURCES, since="1.1.0")
ONE_SOURCE = SOURCE._replace(kind=Kind.STRING)
EXTENDED = Argument("extendedinputstatus", Kind.STRING, "no longer used", until="1.1.0", deprecated=True)
CLASSES = (
    ("P", "cars"),
    ("PS", "cars with trailers"),
    ("L", "trucks"),
    ("LS", "trucks with trailers"),
    ("B", "buses"),
    ("SP", "trams"),
    ("MC", "motor cycles"),
    ("C", "bicycles"),
    ("F", "pedestrians"),
)


def _flags(name: str, text: str) -> Argument:
    return Argument(name, Kind.STRING, f"{text}, one character each from number 1; - for none")


def _mode(code: str, text: str, meaning: str) -> Status:
    return Status(code, TC, text, (INTERSECTION, Argument("status", Kind.BOOLEANS, meaning), SOURCE))


def _number(code: str, text: str, *, until: str = "") -> Status:
    return Status(
        code, TC, f"Number of {text}", (Argument("number", Kind.INTEGER, "how many", 1, 65025),), until=until
    )


def _text(code: str, text: str, meaning: str, *, pattern: str = "", since: str = "1.0.13") -> Status:
    return Status(code, TC, text, (Argument("status", Kind.STRING, meaning, pattern=pattern),), since=since)


def _estimates(word: str, text: str) -> tuple[Argument, ...]:
    return (
        Argument(f"minTo{word}Estimate", Kind.TIMESTAMP, f"the earliest {text}"),
        Argument(f"maxTo{word}Estimate", Kind.TIMESTAMP, f"the latest {text}"),
        Argument(f"likelyTo{word}Estimate", Kind.TIMESTAMP, f"the likeliest {text}"),
        Argument(f"To{word}Confidence", Kind.INTEGER, "how sure the likeliest is, per cent", 0, 100),
    )


def _user(code: str, where: str) -> Status:
    return Status(
        code,
        TC,
        f"Operator logged in {where}",
        (
            Argument("user", Kind.STRING, "who is logged in", until="1.0.15"),
            Argument("status", Kind.STRING, "whether someone is", until="1.0.15"),
            Argument(
                "user", Kind.INTEGER, "0 nobody, 1 reading, 2 writing", choices=("0", "1", "2"), since="1.1.0"
            ),
        ),
    )


_BEGIN = Argument("starttime", Kind.TIMESTAMP, "when the measurement began")
_START = Argument("start", Kind.TIMESTAMP, "when the measurement began")


def _count(code: str, text: str, *values: Argument) -> Status:
    return Status(code, DL, f"Traffic data: {text}", (_BEGIN, *values))


def _count_all(code: str, text: str, *values: Argument) -> Status:
    lists = [
        one
        for value in values
        for one in (
            value._replace(kind=Kind.STRING, low=None, high=None, until="1.0.15"),
            value._replace(kind=Kind.INTEGERS, low=-1, since="1.1.0"),
        )
    ]
    return Status(code, TC, f"Traffic data of all detector logics: {text}", (_START, *lists), since="1.0.14")


_VEHICLES = Argument("vehicles", Kind.INTEGER, "vehicles since the last update", 0, 65535)
_SPEED = Argument("speed", Kind.INTEGER, "mean speed in km/h", 0, 65535)
_OCCUPANCY = Argument("occupancy", Kind.INTEGER, "occupancy in per cent", 0, 100)
_CLASSES = tuple(Argument(name, Kind.INTEGER, f"number of {text}", 0, 65535) for name, text in CLASSES)

STATUSES: tuple[Status, ...] = (
    Status(
        "S0001",
        TC,
        "Signal group status, cycle counters and stage",
        (
            Argument(
                "signalgroupstatus",
                Kind.STRING,
                "one character per signal group",
                pattern="^[a-hA-G0-9N-P]*$",
            ),
            Argument("cyclecounter", Kind.INTEGER, "(base cycle counter + offset) modulo cycle time", 0, 999),
            Argument("basecyclecounter", Kind.INTEGER, "shared by coordinated controllers", 0, 999),
            Argument("stage", Kind.INTEGER, "the stage, in isolated control", 0, 999),
            Argument(
                "millisecond",
                Kind.INTEGER,
                "of the cycle counter's second",
                0,
                999,
                optional=True,
                since="1.3.0",
            ),
        ),
    ),
    Status("S0002", TC, "Detector logic status", (_flags("detectorlogicstatus", "1 for occupied"),)),
    Status("S0003", TC, "Input status", (_flags("inputstatus", "1 for active"), EXTENDED)),
    Status(
        "S0004",
        TC,
        "Output status",
        (_flags("outputstatus", "1 for active"), EXTENDED._replace(name="extendedoutputstatus")),
    ),
    Status(
        "S0005",
        TC,
        "The controller is starting",
        (
            Argument("status", Kind.BOOLEAN, "True while it starts"),
            Argument(
                "statusByIntersection",
                Kind.ARRAY,
                "the same for each intersection",
                items=(
                    Argument("intersection", Kind.INTEGER, "the intersection", 0, 255),
                    Argument("startup", Kind.BOOLEAN, "True while it starts"),
                ),
                since="1.2.0",
            ),
        ),
    ),
    Status(
        "S0006",
        TC,
        "Emergency route; S0035 since 1.2",
        (
            Argument("status", Kind.BOOLEAN, "True while a route is active", deprecated=True),
            Argument("emergencystage", Kind.INTEGER, "the route, 0 for none", 0, 255, deprecated=True),
        ),
    ),
    _mode("S0007", "Controller switched on", "False while dark"),
    _mode("S0008", "Manual control", "True while signals are controlled by hand at the panel"),
    _mode("S0009", "Fixed time control", "True while detectors are not used"),
    _mode("S0010", "Isolated control", "True while not coordinated with other controllers"),
    _mode("S0011", "Yellow flash", "True while flashing yellow"),
    _mode("S0012", "All red", "True while all signal groups are red"),
    Status(
        "S0013",
        TC,
        "Police key",
        (
            INTERSECTION,
            Argument(
                "status",
                Kind.INTEGERS,
                "0 off, 1 dark, 2 yellow flash, 3 all red",
                choices=("0", "1", "2", "3"),
            ),
        ),
    ),
    Status(
        "S0014", TC, "Current time plan", (Argument("status", Kind.INTEGER, "the plan", 1, 255), ONE_SOURCE)
    ),
    Status(
        "S0015",
        TC,
        "Current traffic situation",
        (Argument("status", Kind.INTEGER, "the situation", 1, 255), ONE_SOURCE),
    ),
    _number("S0016", "detector logics"),
    _number("S0017", "signal groups"),
    _number("S0018", "time plans", until="1.1.0"),
    _number("S0019", "traffic situations"),
    Status(
        "S0020",
        TC,
        "Control mode",
        (
            INTERSECTION,
            Argument(
                "controlmode",
                Kind.STRINGS,
                "what the controller does",
                choices=("startup", "control", "standby", "failure", "test"),
            ),
        ),
    ),
    Status(
        "S0021",
        TC,
        "Detector logics forced by hand",
        (Argument("detectorlogics", Kind.STRING, "1 for forced, from number 1", pattern="^[01]*$"),),
    ),
    _text("S0022", "Time plans that exist", "numbers separated by commas"),
    _text(
        "S0023",
        "Dynamic bands",
        "plan-band-seconds, separated by commas",
        pattern=r"^$|^\d{1,2}-\d{1,2}-\d{1,2}(,\d{1,2}-\d{1,2}-\d{1,2})*$",
    ),
    _text(
        "S0024",
        "Offsets",
        "plan-seconds, separated by commas",
        pattern=r"^\d{1,3}-\d{1,3}(?:,\d{1,3}-\d{1,3})*$",
    ),
    Status(
        "S0025",
        SG,
        "Predicted time to green and to red",
        (*_estimates("G", "next green"), *_estimates("R", "next red")),
    ),
    _text("S0026", "Week table", "day-table, Monday is 0, separated by commas"),
    _text("S0027", "Day tables", "table-plan-hour-minute in local time, separated by commas"),
    _text("S0028", "Cycle times", "plan-seconds, separated by commas"),
    _text("S0029", "Inputs forced", "1 for forced, from number 1; - for none"),
    _text("S0030", "Outputs forced", "1 for forced, from number 1; - for none", since="1.0.15"),
    _text("S0031", "Sensitivity of loops", "loop-level, separated by commas", since="1.0.15"),
    Status(
        "S0032",
        TC,
        "Coordinated control",
        (
            INTERSECTION,
            Argument("status", Kind.STRINGS, "who coordinates", choices=("local", "centralized", "off")),
            SOURCE,
        ),
        since="1.1.0",
    ),
    Status(
        "S0033",
        TC,
        "Priority requests",
        (
            Argument(
                "status",
                Kind.ARRAY,
                "each request; an end state is told once",
                items=(
                    Argument("r", Kind.STRING, "the request's id"),
                    Argument("t", Kind.TIMESTAMP, "when its state changed"),
                    Argument(
                        "s",
                        Kind.STRING,
                        "its state",
                        choices=(
                            "received",
                            "queued",
                            "activated",
                            "completed",
                            "timeout",
                            "rejected",
                            "cooldown",
                            "stale",
                        ),
                    ),
                    Argument("e", Kind.INTEGER, "seconds of green gained", 0, 255, optional=True),
                    Argument("d", Kind.INTEGER, "seconds of red saved", 0, 255, optional=True),
                ),
            ),
        ),
        since="1.1.0",
    ),
    Status(
        "S0034",
        TC,
        "Timeout of dynamic bands",
        (Argument("status", Kind.INTEGER, "minutes after the link was lost", 0, 65535),),
        since="1.1.0",
    ),
    Status(
        "S0035",
        TC,
        "Active emergency routes",
        (
            Argument(
                "emergencyroutes",
                Kind.ARRAY,
                "each active route",
                items=(Argument("id", Kind.INTEGER, "the route", 1, 255),),
            ),
        ),
        since="1.2.0",
    ),
    _user("S0091", "at the panel"),
    _user("S0092", "over the web"),
    Status(
        "S0095", TC, "Version of the controller", (Argument("status", Kind.STRING, "maker, type, version"),)
    ),
    Status(
        "S0096",
        TC,
        "Clock in UTC",
        (
            Argument("year", Kind.INTEGER, "year", 0, 9999),
            Argument("month", Kind.INTEGER, "month", 1, 12),
            Argument("day", Kind.INTEGER, "day of the month", 1, 31),
            Argument("hour", Kind.INTEGER, "hour", 0, 23),
            Argument("minute", Kind.INTEGER, "minute", 0, 59),
            Argument("second", Kind.INTEGER, "second", 0, 59),
        ),
    ),
    Status(
        "S0097",
        TC,
        "Checksum of the traffic parameters",
        (
            Argument("checksum", Kind.STRING, "SHA-2 over what S0098 gives"),
            Argument("timestamp", Kind.TIMESTAMP, "when it was taken"),
        ),
        since="1.0.15",
    ),
    Status(
        "S0098",
        TC,
        "Traffic parameters",
        (
            Argument("config", Kind.BASE64, "the parameters in the maker's form"),
            Argument("timestamp", Kind.TIMESTAMP, "of the parameters"),
            Argument("version", Kind.STRING, "of the parameters"),
        ),
        since="1.0.15",
    ),
    _count("S0201", "vehicles", _VEHICLES),
    _count("S0202", "speed", _SPEED),
    _count("S0203", "occupancy", _OCCUPANCY),
    _count("S0204", "vehicles by class", *_CLASSES),
    _count_all("S0205", "vehicles", _VEHICLES),
    _count_all("S0206", "speed", _SPEED),
    _count_all("S0207", "occupancy", _OCCUPANCY),
    _count_all("S0208", "vehicles by class", *_CLASSES),
)

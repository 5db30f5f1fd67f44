"""The commands of the TLC SXL."""

from __future__ import annotations

from samstad_rsmp.sxl.rows import Argument, Command, Kind, ObjectType

__all__ = ["COMMANDS"]

TC, SG, DL = ObjectType
CODE_1 = Argument("securityCode", Kind.STRING, "security code 1")
CODE_2 = Argument("securityCode", Kind.STRING, "security code 2")
PLAN = Argument("plan", Kind.INTEGER, "which plan to change", 0, 255)
VEHICLES = (
    "pedestrian", "bicycle", "motorcycle", "car", "bus", "lightTruck", "heavyTruck", "tram", "emergency",
    "safetyCar", "specialTransport", "other",
)  # fmt: skip


def _switch(text: str) -> Argument:
    return Argument("status", Kind.BOOLEAN, text)


def _text(text: str) -> Argument:
    return Argument("status", Kind.STRING, text)


def _target(name: str, text: str, high: int = 255) -> Argument:
    return Argument(name, Kind.INTEGER, f"the target: {text}", 0, high, optional=True)


COMMANDS: tuple[Command, ...] = (
    Command(
        "M0001",
        TC,
        "setValue",
        "Set the functional position",
        (
            Argument("status", Kind.STRING, "the position", choices=("NormalControl", "YellowFlash", "Dark")),
            CODE_2,
            Argument("timeout", Kind.INTEGER, "minutes until it returns by itself, 0 for never", 0, 1440),
            Argument("intersection", Kind.INTEGER, "the intersection, 0 for all", 0, 255),
        ),
    ),
    Command(
        "M0002",
        TC,
        "setPlan",
        "Set the time plan",
        (
            _switch("False returns to the controller's own choice"),
            CODE_2,
            Argument("timeplan", Kind.INTEGER, "the plan", 1, 255),
        ),
    ),
    Command(
        "M0003",
        TC,
        "setTrafficSituation",
        "Set the traffic situation",
        (
            _switch("False returns to the controller's own choice"),
            CODE_2,
            Argument("traficsituation", Kind.INTEGER, "the situation", 1, 255),
        ),
    ),
    Command(
        "M0004",
        TC,
        "setRestart",
        "Restart the controller",
        (_switch("True restarts")._replace(deprecated=True), CODE_2._replace(deprecated=True)),
    ),
    Command(
        "M0005",
        TC,
        "setEmergency",
        "Activate an emergency route",
        (
            _switch("False deactivates it"),
            CODE_2,
            Argument("emergencyroute", Kind.INTEGER, "the route", 1, 255),
        ),
    ),
    Command(
        "M0006",
        TC,
        "setInput",
        "Activate an input",
        (_switch("False deactivates it"), CODE_2, Argument("input", Kind.INTEGER, "the input", 1, 255)),
    ),
    Command("M0007", TC, "setFixedTime", "Fixed time control", (_switch("False uses detectors"), CODE_2)),
    Command(
        "M0008",
        DL,
        "setForceDetectorLogic",
        "Force a detector logic",
        (
            _switch("False gives it back"),
            CODE_2,
            Argument("mode", Kind.BOOLEAN, "what it is forced to"),
            Argument("duration", Kind.INTEGER, "for how long, ms", 0, 65535, optional=True, since="1.3.0"),
        ),
    ),
    Command(
        "M0010",
        SG,
        "setStart",
        "Order a signal group to green",
        (_switch("True orders it"), CODE_2),
        reserved=True,
    ),
    Command(
        "M0011",
        SG,
        "setStop",
        "Order a signal group to red",
        (_switch("True orders it"), CODE_2),
        reserved=True,
    ),
    Command(
        "M0012",
        TC,
        "setStart",
        "Order a series of signal groups",
        (_text("offset,bits to green,bits to red; in blocks of 16"), CODE_2),
        reserved=True,
        since="1.0.8",
    ),
    Command(
        "M0013",
        TC,
        "setInput",
        "Activate a series of inputs",
        (_text("offset,bits to set,bits to clear; in blocks of 16"), CODE_2),
        since="1.0.8",
    ),
    Command(
        "M0014",
        TC,
        "setCommands",
        "Set dynamic bands",
        (PLAN, _text("band-seconds, separated by commas"), CODE_2),
        since="1.0.13",
    ),
    Command(
        "M0015",
        TC,
        "setOffset",
        "Set the offset",
        (Argument("status", Kind.INTEGER, "seconds", 0, 255), PLAN, CODE_2),
        since="1.0.13",
    ),
    Command(
        "M0016",
        TC,
        "setWeekTable",
        "Set the week table",
        (_text("day-table, Monday is 0, separated by commas"), CODE_2),
        since="1.0.13",
    ),
    Command(
        "M0017",
        TC,
        "setTimeTable",
        "Set the day tables",
        (_text("table-plan-hour-minute in local time, separated by commas"), CODE_2),
        since="1.0.13",
    ),
    Command(
        "M0018",
        TC,
        "setCycleTime",
        "Set the cycle time",
        (Argument("status", Kind.INTEGER, "seconds", 1, 255), PLAN, CODE_2),
        since="1.0.13",
    ),
    Command(
        "M0019",
        TC,
        "setInput",
        "Force an input",
        (
            _switch("False gives it back"),
            CODE_2,
            Argument("input", Kind.INTEGER, "the input", 1, 255),
            Argument("inputValue", Kind.BOOLEAN, "what it is forced to"),
        ),
    ),
    Command(
        "M0020",
        TC,
        "setOutput",
        "Force an output",
        (
            _switch("False gives it back"),
            CODE_2,
            Argument("output", Kind.INTEGER, "the output", 1, 255),
            Argument("outputValue", Kind.BOOLEAN, "what it is forced to"),
        ),
        since="1.0.15",
    ),
    Command(
        "M0021",
        TC,
        "setLevel",
        "Set the sensitivity of loops",
        (_text("loop-level, separated by commas"), CODE_2),
        since="1.0.15",
    ),
    Command(
        "M0022",
        TC,
        "requestPriority",
        "Request signal priority; exactly one target",
        (
            Argument("requestId", Kind.STRING, "names the request on this controller"),
            Argument(
                "signalGroupId", Kind.STRING, "the target: a signal group's component id", optional=True
            ),
            _target("inputId", "an input"),
            _target("connectionId", "a connection between lanes"),
            _target("approachId", "an approach", 16),
            _target("laneInId", "an ingoing lane"),
            _target("laneOutId", "an outgoing lane"),
            _target("priorityId", "a priority"),
            Argument("type", Kind.STRING, "what to do", choices=("new", "update", "cancel")),
            Argument("level", Kind.INTEGER, "0 lowest to 14 highest", 0, 14, optional=True),
            Argument("eta", Kind.INTEGER, "seconds until arrival", 0, 255, optional=True),
            Argument("vehicleType", Kind.STRING, "what asks", choices=VEHICLES, optional=True),
        ),
        level=0,
        since="1.1.0",
    ),
    Command(
        "M0023",
        TC,
        "setTimeout",
        "Set the timeout of dynamic bands",
        (Argument("status", Kind.INTEGER, "minutes", 0, 65535), CODE_2),
        since="1.1.0",
    ),
    Command(
        "M0024", TC, "clearAlarms", "Clear all alarms", (_switch("True clears"),), level=0, since="1.3.0"
    ),
    Command(
        "M0103",
        TC,
        "setSecurityCode",
        "Change a security code",
        (
            Argument("status", Kind.STRING, "which code", choices=("Level1", "Level2")),
            Argument("oldSecurityCode", Kind.STRING, "the code until now"),
            Argument("newSecurityCode", Kind.STRING, "the code from now on"),
        ),
        level=0,
    ),
    Command(
        "M0104",
        TC,
        "setDate",
        "Set the clock, in UTC",
        (
            CODE_1,
            Argument("year", Kind.INTEGER, "year", 0, 9999),
            Argument("month", Kind.INTEGER, "month", 1, 12),
            Argument("day", Kind.INTEGER, "day of the month", 1, 31),
            Argument("hour", Kind.INTEGER, "hour", 0, 23),
            Argument("minute", Kind.INTEGER, "minute", 0, 59),
            Argument("second", Kind.INTEGER, "second", 0, 59),
        ),
        level=1,
    ),
)

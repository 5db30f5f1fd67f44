"""A junction to try things with: two streets, two crossings for pedestrians, a bus, three plans."""

from __future__ import annotations

from samstad_rsmp.emulator.settings import Band, Detector, Group, InputAlarm, Junction, Plan, Route, Window

__all__ = ["example_junction"]

LOOP = {"detector": "1", "type": "loop", "errormode": "on", "manual": "False", "logicerror": "always_off"}


def example_junction(site_id: str = "RN+SI0001", *, seed: int = 1) -> Junction:
    """Return the junction under a site id; the seed makes its traffic."""
    main, side, walk, cross = "SG1", "SG2", "SG3", "SG4"
    apart = {main: {side: 5, walk: 5}, side: {main: 5, cross: 5}, walk: {main: 8}, cross: {side: 8}}
    return Junction(
        site_id=site_id,
        groups=(
            Group(id=main),
            Group(id=side, actuated=True),
            Group(id=walk, kind="pedestrian", min_green_s=8, yellow_s=0),
            Group(id=cross, kind="pedestrian", min_green_s=8, yellow_s=0),
        ),
        detectors=(
            Detector(id="DL1", group=main, vehicles_per_hour=600),
            Detector(id="DL2", group=side, vehicles_per_hour=250),
        ),
        plans=(
            _plan(1, cycle=80, main_end=38),
            _plan(2, cycle=100, main_end=58, offset=20),
            _plan(3, cycle=60, main_end=18, coordinated=False),
        ),
        intergreen_s=apart,
        input_alarms=(InputAlarm(input=7, component="DL1", code="A0302", values=LOOP),),
        input_calls={"1": side, "2": main},
        routes=(Route(number=1, groups=(main,)), Route(number=2, groups=(side,))),
        situations={"1": 1, "2": 2},
        days=((1, 1, 0, 0), (1, 2, 6, 30), (1, 1, 18, 0)),
        seed=seed,
    )


def _plan(number: int, *, cycle: int, main_end: int, offset: int = 0, coordinated: bool = True) -> Plan:
    side_start = main_end + 8
    return Plan(
        number=number,
        cycle_s=cycle,
        offset_s=offset,
        coordinated=coordinated,
        windows=(
            Window(group="SG1", start_s=0, end_s=main_end),
            Window(group="SG4", start_s=0, end_s=main_end),
            Window(group="SG2", start_s=side_start, end_s=cycle - 8),
            Window(group="SG3", start_s=side_start, end_s=cycle - 8),
        ),
        bands=(Band(number=1, at_s=main_end - 2, most_s=10),),
    )

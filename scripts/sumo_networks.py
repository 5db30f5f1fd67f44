"""Make SUMO networks of our own for tests and comparisons: crossing, grid, arterial, town and district.

Usage: scripts/sumo_networks.py INTO [NAME ...]. It needs netconvert, which eclipse-sumo brings (development
only). Everything comes from a fixed seed, so that the same networks come out again.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from pathlib import Path
from random import Random

Point = tuple[float, float]


@dataclass
class Plain:
    """A network before netconvert: nodes, edges and what drives there."""

    nodes: dict[str, tuple[float, float, bool]] = field(default_factory=dict)
    edges: list[tuple[str, str, int, float]] = field(default_factory=list)
    flows: list[tuple[str, str, float, float, float]] = field(default_factory=list)
    """From edge, to edge, begin, end, vehicles an hour."""
    buses: list[tuple[str, tuple[str, ...], float]] = field(default_factory=list)
    """Line, nodes that it passes, headway in seconds."""
    seconds: int = 3600

    def street(self, one: str, other: str, lanes: int, speed: float) -> None:
        """Add both directions."""
        self.edges.append((one, other, lanes, speed))
        self.edges.append((other, one, lanes, speed))

    def ends(self) -> list[str]:
        """Return the nodes at the edge of the network."""
        return [name for name, (_, _, signalled) in self.nodes.items() if not signalled]


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  # reproducible, and of no secret


def edge(one: str, other: str) -> str:
    """Return the id of an edge."""
    return f"{one}-{other}"


def crossing() -> Plain:
    """One junction, a wide street over a narrow one."""
    plain = Plain()
    plain.nodes["M"] = (0, 0, True)
    for name, x, y, lanes in (("W", -400, 0, 3), ("E", 400, 0, 3), ("N", 0, 300, 1), ("S", 0, -300, 1)):
        plain.nodes[name] = (x, y, False)
        plain.street("M", name, lanes, 13.9)
    rates = {"W": (560, 90, 80), "E": (480, 80, 100), "N": (160, 110, 60), "S": (180, 60, 90)}
    across = {"W": "ENS", "E": "WSN", "N": "SEW", "S": "NWE"}
    for name, flows in rates.items():
        for to, rate in zip(across[name], flows, strict=True):
            plain.flows.append((edge(name, "M"), edge("M", to), 0, 3600, rate))
    return plain


def _lattice(plain: Plain, columns: int, rows: int, gap: Callable[[int, int], Point]) -> None:
    for i in range(columns):
        for j in range(rows):
            x, y = gap(i, j)
            plain.nodes[f"{i}.{j}"] = (x, y, True)


def grid() -> Plain:
    """Four by four junctions, all streets alike."""
    plain = Plain()
    _lattice(plain, 4, 4, lambda i, j: (i * 250.0, j * 250.0))
    _streets(plain, 4, 4, lambda _along, _n: (3, 13.9), ends_m=220)
    _demand(plain, _chance(11), total=1700)
    return plain


def arterial() -> Plain:
    """Four wide streets over four narrow ones, with more traffic than they can take for half an hour."""
    plain = Plain()
    _lattice(plain, 4, 4, lambda i, j: (i * 220.0, j * 220.0))
    _streets(plain, 4, 4, lambda along, _n: (2, 16.7) if along == "x" else (1, 11.1), ends_m=200)
    ends = plain.ends()
    draw = _chance(12)
    for _ in range(26):
        one, other = draw.sample(ends, 2)
        wide = one.startswith(("w", "e"))
        for begin, factor in ((0, 0.6), (900, 1.2), (1800, 1.0), (2700, 0.5)):
            plain.flows.append(
                (_in(plain, one), _out(plain, other), begin, begin + 900, factor * (190 if wide else 70))
            )
    return plain


def town() -> Plain:
    """Twenty-one junctions of an old town: crooked, short blocks, one lane and two."""
    draw = _chance(13)
    plain = Plain()
    _lattice(plain, 7, 3, lambda i, j: (i * 170.0 + draw.uniform(-45, 45), j * 150.0 + draw.uniform(-40, 40)))
    _streets(plain, 7, 3, lambda along, n: (2 if along == "x" and n == 1 else 1, 13.9), ends_m=180)
    gone = {("1.0", "1.1"), ("4.1", "4.2"), ("2.2", "3.2"), ("5.0", "6.0")}
    plain.edges = [
        one for one in plain.edges if (one[0], one[1]) not in gone and (one[1], one[0]) not in gone
    ]
    _demand(plain, _chance(14), total=2600)
    return plain


def district() -> Plain:
    """Twenty junctions with bus lines, for a whole day: the demonstration's own district."""
    draw = _chance(15)
    plain = Plain(seconds=86_400)
    _lattice(plain, 5, 4, lambda i, j: (i * 210.0 + draw.uniform(-30, 30), j * 190.0 + draw.uniform(-30, 30)))
    _streets(plain, 5, 4, lambda along, n: (2 if along == "x" and n in {1, 2} else 1, 13.9), ends_m=200)
    _demand(plain, _chance(16), total=3000)
    for line, row, headway in (("bus-1", 1, 240), ("bus-2", 2, 300)):
        passed = (f"w{row}", *(f"{i}.{row}" for i in range(5)), f"e{row}")
        plain.buses.append((line, passed, headway))
        plain.buses.append((line + "-back", tuple(reversed(passed)), headway))
    plain.buses.append(("bus-3", ("s3", *(f"3.{j}" for j in range(4)), "n3"), 360))
    return plain


def _streets(
    plain: Plain, columns: int, rows: int, kind: Callable[[str, int], tuple[int, float]], *, ends_m: float
) -> None:
    for j in range(rows):
        lanes, speed = kind("x", j)
        line = [f"w{j}", *(f"{i}.{j}" for i in range(columns)), f"e{j}"]
        _end(plain, line[0], line[1], (-ends_m, 0))
        _end(plain, line[-1], line[-2], (ends_m, 0))
        for one, other in pairwise(line):
            plain.street(one, other, lanes, speed)
    for i in range(columns):
        lanes, speed = kind("y", i)
        line = [f"s{i}", *(f"{i}.{j}" for j in range(rows)), f"n{i}"]
        _end(plain, line[0], line[1], (0, -ends_m))
        _end(plain, line[-1], line[-2], (0, ends_m))
        for one, other in pairwise(line):
            plain.street(one, other, lanes, speed)


def _end(plain: Plain, name: str, beside: str, by: Point) -> None:
    x, y, _ = plain.nodes[beside]
    plain.nodes[name] = (x + by[0], y + by[1], False)


def _in(plain: Plain, end: str) -> str:
    return next(edge(one, other) for one, other, *_ in plain.edges if one == end)


def _out(plain: Plain, end: str) -> str:
    return next(edge(one, other) for one, other, *_ in plain.edges if other == end)


def _demand(plain: Plain, draw: Random, *, total: float) -> None:
    """Spread an hour's vehicles over pairs of ends, more between ends that lie far apart, with a peak."""
    ends = plain.ends()
    pairs = [(one, other) for one in ends for other in ends if one != other]
    weights = [draw.random() ** 3 * _far(plain, one, other) for one, other in pairs]
    scale = total / sum(weights)
    for (one, other), weight in zip(pairs, weights, strict=True):
        for begin, end, factor in ((0, 1200, 0.8), (1200, 2400, 1.3), (2400, plain.seconds, 0.9)):
            rate = weight * scale * factor
            if rate >= 3:
                plain.flows.append((_in(plain, one), _out(plain, other), begin, end, rate))


def _far(plain: Plain, one: str, other: str) -> float:
    (ax, ay, _), (bx, by, _) = plain.nodes[one], plain.nodes[other]
    return hypot(ax - bx, ay - by)


NETWORKS: dict[str, Callable[[], Plain]] = {
    "crossing": crossing,
    "grid": grid,
    "arterial": arterial,
    "town": town,
    "district": district,
}


def _write(path: Path, lines: Iterator[str], root: str) -> None:
    path.write_text("\n".join((f"<{root}>", *lines, f"</{root}>")) + "\n", encoding="utf-8")


def _nodes(plain: Plain) -> Iterator[str]:
    for name, (x, y, signalled) in plain.nodes.items():
        kind = "traffic_light" if signalled else "priority"
        yield f'  <node id="{name}" x="{x:.1f}" y="{y:.1f}" type="{kind}"/>'


def _edges(plain: Plain) -> Iterator[str]:
    for one, other, lanes, speed in plain.edges:
        yield (
            f'  <edge id="{edge(one, other)}" from="{one}" to="{other}" numLanes="{lanes}" '
            f'speed="{speed}" priority="{lanes}"/>'
        )


def _routes(plain: Plain) -> Iterator[str]:
    yield '  <vType id="car"/>'
    yield '  <vType id="bus" vClass="bus" length="12" accel="1.2" maxSpeed="16.7"/>'
    flows = sorted(plain.flows, key=lambda one: one[2])
    buses = [
        f'  <flow id="{line}" type="bus" begin="0" end="{plain.seconds}" period="{headway:g}" '
        f'from="{edge(passed[0], passed[1])}" to="{edge(passed[-2], passed[-1])}" '
        f'via="{" ".join(edge(a, b) for a, b in pairwise(passed[1:]))}">'
        + "".join(f'<stop busStop="{line}.{n}" duration="15"/>' for n in range(1, len(passed) - 2, 2))
        + "</flow>"
        for line, passed, headway in plain.buses
    ]
    yield from buses
    for number, (one, other, begin, end, rate) in enumerate(flows):
        yield (
            f'  <flow id="f{number}" type="car" begin="{begin:g}" end="{end:g}" from="{one}" to="{other}" '
            f'period="exp({rate / 3600:.5f})"/>'
        )


def _stops(plain: Plain) -> Iterator[str]:
    for line, passed, _ in plain.buses:
        for n in range(1, len(passed) - 2, 2):
            lane = f"{edge(passed[n], passed[n + 1])}_0"
            yield f'  <busStop id="{line}.{n}" lane="{lane}" startPos="25" endPos="45" friendlyPos="true"/>'


def make(name: str, into: Path, netconvert: str) -> Path:
    """Make one network and return its configuration."""
    plain = NETWORKS[name]()
    folder = into / name
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "plain.nod.xml", _nodes(plain), "nodes")
    _write(folder / "plain.edg.xml", _edges(plain), "edges")
    _write(folder / f"{name}.rou.xml", _routes(plain), "routes")
    _write(folder / f"{name}.add.xml", _stops(plain), "additional")
    subprocess.run(
        [
            netconvert,
            *("--node-files", str(folder / "plain.nod.xml"), "--edge-files", str(folder / "plain.edg.xml")),
            *("--output-file", str(folder / f"{name}.net.xml")),
            *(
                "--no-turnarounds",
                "--tls.cycle.time",
                "90",
                "--no-warnings",
                "--output.street-names",
                "false",
            ),
        ],
        check=True,
        capture_output=True,
    )
    network = folder / f"{name}.net.xml"
    text = network.read_text(encoding="utf-8")
    network.write_text(re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL), encoding="utf-8")
    for made in ("plain.nod.xml", "plain.edg.xml"):
        (folder / made).unlink()
    configuration = folder / f"{name}.sumocfg"
    configuration.write_text(
        "<configuration>\n  <input>\n"
        f'    <net-file value="{name}.net.xml"/>\n    <route-files value="{name}.rou.xml"/>\n'
        f'    <additional-files value="{name}.add.xml"/>\n  </input>\n'
        f'  <time>\n    <end value="{plain.seconds}"/>\n  </time>\n</configuration>\n',
        encoding="utf-8",
    )
    return configuration


def main() -> int:
    """Make the named networks, or all; 2 when netconvert is not there."""
    netconvert = shutil.which("netconvert")
    if len(sys.argv) < 2 or netconvert is None:
        print(
            "usage: sumo_networks.py INTO [NAME ...]; netconvert must be on the PATH (eclipse-sumo brings it)"
        )
        return 2
    for name in sys.argv[2:] or NETWORKS:
        print(make(name, Path(sys.argv[1]), netconvert))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The report of a comparison: a table in Markdown, and plots as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from samstad_signals.simulation.evaluation.results import MEASURES, Measure, Result, Summary, summarise

__all__ = ["bars", "lines", "table", "write_report"]

WIDTH, ROW, LEFT, RIGHT, TOP = 640, 34, 130, 90, 40
COLOURS = ("#1b6ca8", "#c8553d", "#4c956c", "#8e6c8a", "#b08900")
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


def table(results: Sequence[Result]) -> str:
    """Return the comparison as a table: mean over seeds, and the smallest and largest where they differ."""
    names = list(dict.fromkeys(one.controller for one in results))
    rows = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for measure in MEASURES:
        of = {one.controller: one for one in summarise(results, measure)}
        if of:
            unit = f" ({measure.unit})" if measure.unit else ""
            cells = [_cell(of[name]) if name in of else "-" for name in names]
            rows.append(f"| {measure.title}{unit} | {' | '.join(cells)} |")
    rows += _safety(results, names)
    return "\n".join(rows) + "\n"


def _cell(one: Summary) -> str:
    digits = 2 if one.mean < 10 else 1 if one.mean < 1000 else 0
    low, high = min(one.values), max(one.values)
    spread = f" ({low:.{digits}f} to {high:.{digits}f})" if low != high else ""
    return f"{one.mean:.{digits}f}{spread}"


def _safety(results: Sequence[Result], names: Sequence[str]) -> Iterator[str]:
    for title, field in (("Unsafe states seen", "unsafe"), ("Waits beyond the maximum", "late")):
        counts = [str(sum(getattr(r, field) for r in results if r.controller == name)) for name in names]
        yield f"| {title} | {' | '.join(counts)} |"
    times = []
    for name in names:
        means = [
            r.decision_mean_ms for r in results if r.controller == name and r.decision_mean_ms is not None
        ]
        tails = [r.decision_p99_ms for r in results if r.controller == name and r.decision_p99_ms is not None]
        times.append(f"{sum(means) / len(means):.1f} / {max(tails):.1f}" if means else "-")
    yield f"| One decision, mean / 99th percentile (ms) | {' | '.join(times)} |"


def bars(results: Sequence[Result], measure: Measure) -> str:
    """Return one measure as bars: the mean, and a dot for each seed."""
    of = summarise(results, measure)
    most = max((max(one.values) for one in of), default=0.0) or 1.0
    height = TOP + ROW * len(of) + 10
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = [_title(f"{measure.title}{f', {measure.unit}' if measure.unit else ''}")]
    for n, one in enumerate(of):
        y = TOP + n * ROW
        length = one.mean * scale
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end" {FONT}>{escape(one.controller)}</text>'
        )
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="22" '
            f'fill="{COLOURS[n % len(COLOURS)]}" fill-opacity="0.75"/>'
        )
        parts += [
            f'<circle cx="{LEFT + value * scale:.1f}" cy="{y + 11}" r="3" fill="#222"/>'
            for value in one.values
        ]
        end = LEFT + max(length, max(one.values) * scale) + 8
        parts.append(f'<text x="{end:.1f}" y="{y + 16}" {FONT}>{one.mean:.1f}</text>')
    return _svg(parts, height, f"{measure.title} of {', '.join(one.controller for one in of)}")


def lines(results: Sequence[Result]) -> str:
    """Return the queues before the signals over time, the mean of all seeds."""
    names = list(dict.fromkeys(one.controller for one in results))
    curves = {name: _curve([one.queues for one in results if one.controller == name]) for name in names}
    most = max((max(curve, default=0.0) for curve in curves.values()), default=0.0) or 1.0
    longest = max((len(curve) for curve in curves.values()), default=1)
    height, floor = 300, 260
    across = (WIDTH - 80) / max(1, longest - 1)
    parts = [_title("Vehicles that stand before signals, by minute")]
    parts.append(f'<path d="M50 {TOP} V{floor} H{WIDTH - 20}" fill="none" stroke="#888"/>')
    parts.append(f'<text x="44" y="{TOP + 6}" text-anchor="end" {FONT}>{most:.0f}</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{floor + 18}" text-anchor="end" {FONT}>{longest} min</text>')
    for n, (name, curve) in enumerate(curves.items()):
        points = " ".join(
            f"{50 + i * across:.1f},{floor - value / most * (floor - TOP):.1f}"
            for i, value in enumerate(curve)
        )
        colour = COLOURS[n % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{60 + n * 115}" y="{height - 10}" fill="{colour}" {FONT}>{escape(name)}</text>'
        )
    return _svg(parts, height, "Queues over time")


def _curve(runs: Sequence[Sequence[float]]) -> list[float]:
    longest = max((len(one) for one in runs), default=0)
    return [
        sum(one[i] for one in runs if i < len(one)) / sum(1 for one in runs if i < len(one))
        for i in range(longest)
    ]


def _title(text: str) -> str:
    return f'<text x="10" y="22" {FONT} font-weight="600">{escape(text)}</text>'


def _svg(parts: Sequence[str], height: int, label: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}"><rect width="100%" height="100%" fill="#fff"/>'
    )
    return "\n".join((head, *parts, "</svg>")) + "\n"


def write_report(results: Sequence[Result], into: Path, *, title: str, terms: str) -> Path:
    """Write report.md and its plots into a folder; return the page."""
    into.mkdir(parents=True, exist_ok=True)
    pictures = []
    for measure in MEASURES:
        if summarise(results, measure):
            name = f"{measure.field.removesuffix('_s').replace('_', '-')}.svg"
            (into / name).write_text(bars(results, measure), encoding="utf-8")
            pictures.append(f"![{measure.title}]({name})")
    (into / "queues.svg").write_text(lines(results), encoding="utf-8")
    pictures.append("![Queues over time](queues.svg)")
    page = into / "report.md"
    text = f"# {title}\n\n{terms}\n\n{table(results)}\n" + "\n\n".join(pictures) + "\n"
    page.write_text(text, encoding="utf-8")
    return page

"""The signal exchange list as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from samstad_rsmp.sxl.alarms import ALARMS
from samstad_rsmp.sxl.commands import COMMANDS
from samstad_rsmp.sxl.rows import DRAFT, FIRST, SXL_VERSIONS, Alarm, Argument, Command, Row
from samstad_rsmp.sxl.statuses import STATUSES

__all__ = ["sxl_page"]


def sxl_page(made: str) -> str:
    """Return the page in Markdown; ``made`` is a comment that says how to make it again."""
    lines = [
        "# Signal exchange list (RSMP)",
        "",
        made,
        "",
        "What a traffic light controller and its supervisor say to each other: the versions",
        f"{', '.join(SXL_VERSIONS)}, and what the draft {DRAFT} adds.",
        'All values travel as strings ("5", "True"), lists separated by commas, but arrays. "Since" and',
        f'"until" name versions; without them a row holds from {FIRST} on.',
        "",
        "## Alarms",
        *_section(ALARMS),
        "",
        "## Statuses",
        *_section(STATUSES),
        "",
        "## Commands",
        *_section(COMMANDS),
    ]
    return "\n".join(lines) + "\n"


def _section(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from ("", f"### {row.code}: {row.text}", "", " · ".join(_facts(row)) + ".")
        if row.arguments:
            yield from ("", "| argument | type | allowed | what it is |", "| --- | --- | --- | --- |")
            for argument in row.arguments:
                yield from _rows(argument, argument.name)


def _facts(row: Row) -> Iterator[str]:
    yield row.of
    if isinstance(row, Alarm):
        yield f"priority {row.priority}"
    if isinstance(row, Command):
        yield f"`{row.word}`"
        yield f"security code {row.level}" if row.level else "no security code of its own"
        if row.reserved:
            yield "reserved for the future"
    yield from _life(row)


def _life(row: Row | Argument) -> Iterator[str]:
    if row.since != FIRST:
        yield f"since {row.since}"
    if row.until:
        yield f"until {row.until}"


def _rows(argument: Argument, name: str) -> Iterator[str]:
    notes = [*_life(argument)]
    if argument.optional:
        notes.append("optional")
    if argument.deprecated:
        notes.append("deprecated")
    text = argument.text + (f" ({', '.join(notes)})" if notes else "")
    yield f"| `{name}` | {argument.kind} | {_allowed(argument)} | {text} |"
    for item in argument.items:
        yield from _rows(item, f"{name}[].{item.name}")


def _allowed(argument: Argument) -> str:
    if argument.choices:
        return ", ".join(f"`{one}`" for one in argument.choices)
    if argument.low is not None:
        return f"{argument.low} to {argument.high}"
    return f"`{argument.pattern.replace('|', chr(92) + '|')}`" if argument.pattern else ""

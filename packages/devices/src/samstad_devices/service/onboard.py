"""Bringing in many devices at once: a dry run tells what a real one would do."""

from __future__ import annotations

from typing import NamedTuple

from samstad_devices.domain.onboarding import Row, read_table
from samstad_devices.service.directory import Directory
from samstad_devices.spi.city import City
from samstad_ngsild.errors import AlreadyExists

__all__ = ["Report", "RowReport", "onboard"]


class RowReport(NamedTuple):
    """What became of a row: ``created``, ``would-create``, ``known`` or ``refused``."""

    line: int
    id: str
    outcome: str
    detail: str = ""


class Report(NamedTuple):
    """What became of a table, in the order of its lines."""

    created: int
    refused: int
    rows: list[RowReport]


async def onboard(text: str, city: City, directory: Directory, *, is_dry: bool) -> Report:
    """Create the devices of a table; rows with faults are left out and told.

    The same table may come twice: devices that are there stay as they are, and are told as ``known``.

    Raises:
        MessageRefused: it is no table of devices.
        ClientError: the broker is away; what was created stays, and the same table completes it.
    """
    rows = [_against(row, directory) for row in read_table(text)]
    reports = {row.line: RowReport(row.line, row.id, "refused", "; ".join(row.faults)) for row in rows}
    wanted = [row for row in rows if row.entity is not None]
    for row in wanted:
        known = directory.device(row.id) is not None
        outcome = "known" if known else "would-create"
        reports[row.line] = RowReport(row.line, row.id, outcome)
    if not is_dry:
        fresh = [row for row in wanted if reports[row.line].outcome != "known"]
        await _create(fresh, city, reports)
    found = list(reports.values())
    created = sum(one.outcome in {"created", "would-create"} for one in found)
    return Report(created, sum(one.outcome == "refused" for one in found), found)


def _against(row: Row, directory: Directory) -> Row:
    """Refuse identifiers that another device has."""
    faults = [
        f"{one} belongs to {owner}"
        for one in row.identifiers
        for owner in directory.owners(one)
        if owner != row.id
    ]
    return row._replace(entity=None, faults=(*row.faults, *faults)) if faults else row


async def _create(rows: list[Row], city: City, reports: dict[int, RowReport]) -> None:
    outcome = await city.create_many(row.entity for row in rows if row.entity is not None)
    failed = {one.entity_id: one.error for one in outcome.failed}
    for row in rows:
        error = failed.get(row.id)
        if error is None:
            reports[row.line] = RowReport(row.line, row.id, "created")
        elif isinstance(error, AlreadyExists):
            reports[row.line] = RowReport(row.line, row.id, "known")
        else:
            reports[row.line] = RowReport(row.line, row.id, "refused", f"the broker refused it: {error}")

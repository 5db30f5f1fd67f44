"""A table of devices, row by row: what each becomes, or what is wrong with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from samstad_devices.domain.claiming import MIN_CODE, claim_digest
from samstad_devices.domain.errors import IdentifierRefused, MessageRefused
from samstad_devices.domain.identifiers import KINDS, Identifier, identifier
from samstad_devices.domain.names import CLAIM, CONTRACT, IDENTIFIERS
from samstad_devices.domain.qr import read_qr

__all__ = ["COLUMNS", "MAX_ROWS", "Row", "read_table"]

MAX_ROWS = 20_000
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_FIRST_STATES = ("planned", "ordered", "received")

COLUMNS: tuple[str, ...] = (
    "id",
    "name",
    "model",
    "asset",
    "state",
    "contract",
    "owner",
    "latitude",
    "longitude",
    "interval",
    "qr",
    "claimCode",
    *(kind for kind in KINDS if kind != "entity"),
)
"""Columns that a table may have; ``id`` must be there."""


class Row(NamedTuple):
    """One row.

    Attributes:
        line: in the file, from 1.
        id: of the device, as far as it is told.
        identifiers: of the device.
        entity: what shall be created, or None.
        faults: what is wrong, as sentences.
    """

    line: int
    id: str
    identifiers: tuple[Identifier, ...]
    entity: dict[str, Any] | None
    faults: tuple[str, ...] = ()


def read_table(text: str) -> list[Row]:
    """Return the rows of a table, those with faults too.

    Semicolons and tabs may stand between columns as well as commas.

    Raises:
        MessageRefused: it is no such table at all.
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter, strict=True)
    try:
        _check_columns(reader.fieldnames or ())
        rows = list(_rows(reader))
    except csv.Error as error:
        raise MessageRefused(f"Line {reader.line_num} is no CSV: {error}.") from None
    return _without_doubles(rows)


def _check_columns(names: Any) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "id" not in names:
        told = f"{unknown[0]!r:.60} is no column" if unknown else "The column id is missing"
        raise MessageRefused(f"{told}; the columns are {', '.join(COLUMNS)}.")


def _rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    for number, told in enumerate(reader, 1):
        if number > MAX_ROWS:
            raise MessageRefused(f"The table has more than {MAX_ROWS} rows: part it.")
        yield _row(reader.line_num, told)


def _row(line: int, told: dict[Any, Any]) -> Row:
    faults: list[str] = []
    if None in told or any(value is None for value in told.values()):
        return Row(
            line, str(told.get("id") or ""), (), None, ("the row has not as many cells as there are columns",)
        )
    cells = {name: value.strip() for name, value in told.items() if value.strip()}
    device_id = cells.get("id", "")
    if not _URI.fullmatch(device_id):
        faults.append("id is a URI such as urn:ngsi-ld:Device:street:1")
    identifiers = tuple(_identifiers(cells, faults))
    entity = {"id": device_id, "type": "Device", **_attributes(cells, faults)}
    if identifiers:
        texts = [str(one) for one in identifiers]
        entity[IDENTIFIERS] = {"type": "Property", "value": texts}
    return Row(line, device_id, identifiers, None if faults else entity, tuple(faults))


def _identifiers(cells: dict[str, str], faults: list[str]) -> Iterator[Identifier]:
    seen: set[Identifier] = set()
    told = [(kind, cells[kind]) for kind in KINDS if kind in cells]
    try:
        if "qr" in cells:
            told.insert(0, ("devEUI", read_qr(cells["qr"]).dev_eui))
    except IdentifierRefused as error:
        faults.append(f"qr: {error.detail}")
    for kind, text in told:
        try:
            one = identifier(kind, text)
        except IdentifierRefused as error:
            faults.append(f"{kind}: {error.detail}")
            continue
        if one not in seen:
            seen.add(one)
            yield one
    if len({one for one in seen if one.kind == "devEUI"}) > 1:
        faults.append("qr and devEUI tell of two devices")


def _attributes(cells: dict[str, str], faults: list[str]) -> dict[str, Any]:
    state = cells.get("state", "planned")
    if state not in _FIRST_STATES:
        faults.append(f"state is one of {', '.join(_FIRST_STATES)}: the rest of a life is led step by step")
    if state == "received" and "contract" not in cells:
        faults.append("a device that is received has a contract")
    found: dict[str, Any] = {"lifeCycle": _property(state)}
    for column, attribute in (("name", "name"), ("contract", CONTRACT)):
        if column in cells:
            found[attribute] = _property(cells[column])
    for column, attribute in (("model", "refDeviceModel"), ("asset", "controlledAsset"), ("owner", "owner")):
        if column in cells:
            found[attribute] = {"type": "Relationship", "object": cells[column]}
            if not _URI.fullmatch(cells[column]):
                faults.append(f"{column} is a URI")
    interval = _number(cells, "interval", (1, 10**8), faults)
    if interval is not None:
        found["expectedInterval"] = {**_property(interval), "unitCode": "SEC"}
    return found | _location(cells, faults) | _claim(cells, faults)


def _claim(cells: dict[str, str], faults: list[str]) -> dict[str, Any]:
    """Return what is kept of the code by which a department can claim the device: its own, or its box's."""
    code = cells.get("claimCode", "")
    if not code and "qr" in cells:
        with suppress(IdentifierRefused):  # it is told where identifiers are read
            token = read_qr(cells["qr"]).owner_token
            code = token if len(token) >= MIN_CODE else ""
    if not code:
        return {}
    try:
        return {CLAIM: _property(claim_digest(cells.get("id", ""), code))}
    except MessageRefused as error:
        faults.append(f"claimCode: {error.detail}")
        return {}


def _location(cells: dict[str, str], faults: list[str]) -> dict[str, Any]:
    if ("latitude" in cells) != ("longitude" in cells):
        faults.append("latitude and longitude stand together")
    latitude = _number(cells, "latitude", (-90, 90), faults)
    longitude = _number(cells, "longitude", (-180, 180), faults)
    if latitude is None or longitude is None:
        return {}
    point = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"location": {"type": "GeoProperty", "value": point}}


def _number(
    cells: dict[str, str], column: str, limits: tuple[float, float], faults: list[str]
) -> float | None:
    if column not in cells:
        return None
    try:
        number = float(cells[column].replace(",", "."))
    except ValueError:
        number = float("nan")
    if not limits[0] <= number <= limits[1]:
        faults.append(f"{column} is a number from {limits[0]} to {limits[1]}, not {cells[column]!r:.40}")
        return None
    return number


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _without_doubles(rows: list[Row]) -> list[Row]:
    """Refuse what stands in the table twice: the first row keeps it."""
    lines: dict[Any, int] = {}
    return [_unless_double(row, lines.setdefault) for row in rows]


def _unless_double(row: Row, claim: Callable[[Any, int], int]) -> Row:
    faults = [
        f"{name} stands in line {first} already"
        for name in (row.id, *row.identifiers)
        if name and (first := claim(name, row.line)) != row.line
    ]
    return row._replace(entity=None, faults=(*row.faults, *map(str, faults))) if faults else row

"""The formats: one function each from a file to rows."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from shapely import from_wkb  # type: ignore[import-untyped]  # the package has no types
from shapely.errors import ShapelyError  # type: ignore[import-untyped]  # the same
from shapely.geometry import mapping as geojson_of  # type: ignore[import-untyped]  # the same

from samstad_node.importing.mapping import BadValue, FileMapping
from samstad_node.importing.places import Place, geo_property, place_of
from samstad_node.importing.rows import BadRow, Entity, FileRefused, ImportedRow

__all__ = ["read_rows"]

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


def read_rows(path: Path, mapping: FileMapping | None, *, epsg: int | None = None) -> Iterator[ImportedRow]:
    """Yield every row of a file; its name's ending tells the format.

    Args:
        path: ``.json``/``.jsonld`` (NGSI-LD array), ``.geojson``, ``.csv`` or ``.gpkg``.
        mapping: needed for all but NGSI-LD.
        epsg: of the coordinates, before what the mapping or the file says.

    Raises:
        FileRefused: the file cannot be read as what it is.
    """
    ending = path.suffix.lower()
    try:
        if ending in {".json", ".jsonld"}:
            yield from _ngsi_ld(path)
            return
        reader = _MAPPED.get(ending)
        if reader is None:
            raise FileRefused(f"{path} ends in {ending!r}; known are .json, .jsonld, {', '.join(_MAPPED)}")
        if mapping is None:
            raise FileRefused(f"{path} needs a mapping of its columns: --mapping FILE.toml")
        yield from reader(path, mapping, epsg)
    except (OSError, UnicodeError, LookupError, csv.Error, sqlite3.Error, orjson.JSONDecodeError) as error:
        raise FileRefused(f"{path} cannot be read: {error}") from error


def _ngsi_ld(path: Path) -> Iterator[ImportedRow]:
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, list):
        raise FileRefused(f"{path} is no JSON array of entities")
    for number, entity in enumerate(content, 1):
        missing = next((name for name in ("id", "type") if not _has(entity, name)), None)
        if missing is None:
            yield ImportedRow(number, entity)
        else:
            yield ImportedRow(number, None, BadRow(number, missing, "is missing: an entity has it"))


def _has(entity: Any, name: str) -> bool:
    return isinstance(entity, dict) and bool(entity.get(name) or entity.get("@" + name))


def _csv(path: Path, mapping: FileMapping, epsg: int | None) -> Iterator[ImportedRow]:
    place = place_of(epsg or mapping.epsg)
    with path.open(encoding=mapping.encoding, newline="") as file:
        reader = csv.DictReader(file, delimiter=mapping.delimiter)
        _demand_columns(mapping, reader.fieldnames or ())
        for number, columns in enumerate(reader, 1):
            yield _mapped(mapping, columns, number, partial(_point, mapping, columns, place))


def _demand_columns(mapping: FileMapping, columns: Any) -> None:
    wanted = [one.column for one in mapping.attributes.values()] + [
        one for one in (mapping.x, mapping.y) if one
    ]
    missing = [one for one in wanted if one not in columns]
    if missing:
        raise FileRefused(f"the mapping names columns that the file has not: {', '.join(missing)}")


def _point(mapping: FileMapping, columns: Mapping[str, Any], place: Place) -> Entity | None:
    if not (mapping.x and mapping.y):
        return None
    east, north = (float(str(columns[name] or "").replace(",", ".")) for name in (mapping.x, mapping.y))
    return geo_property({"type": "Point", "coordinates": [east, north]}, place)


def _geojson(path: Path, mapping: FileMapping, epsg: int | None) -> Iterator[ImportedRow]:
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise FileRefused(f"{path} is no GeoJSON FeatureCollection")
    place = place_of(epsg or mapping.epsg)
    for number, feature in enumerate(content["features"], 1):
        if not isinstance(feature, dict):
            yield ImportedRow(number, None, BadRow(number, "feature", "is no object"))
            continue
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            yield ImportedRow(number, None, BadRow(number, "properties", "is no object"))
            continue
        columns = {"id": feature.get("id"), **properties}
        yield _mapped(mapping, columns, number, partial(_geometry, feature.get("geometry"), place))


def _geometry(geometry: Any, place: Place) -> Entity | None:
    return None if geometry is None else geo_property(dict(geometry), place)


def _geopackage(path: Path, mapping: FileMapping, epsg: int | None) -> Iterator[ImportedRow]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        layer = database.execute(
            "SELECT table_name, column_name, s.organization_coordsys_id FROM gpkg_geometry_columns"
            " JOIN gpkg_spatial_ref_sys s USING (srs_id) ORDER BY table_name LIMIT 1"
        ).fetchone()
        if layer is None:
            raise FileRefused(f"{path} holds no layer with geometries")
        place = place_of(epsg or layer[2])
        table = str(layer[0]).replace('"', '""')
        for number, row in enumerate(database.execute(f'SELECT * FROM "{table}"'), 1):  # noqa: S608  # quoted
            columns = dict(row)
            blob = columns.pop(layer[1])
            yield _mapped(mapping, columns, number, partial(_of_blob, blob, place))


def _of_blob(blob: bytes | None, place: Place) -> Entity | None:
    """Read a GeoPackageBinary (OGC 12-128r19, clause 2.1.3): a header, an envelope, then WKB."""
    if blob is None:
        return None
    if blob[:2] != b"GP" or (envelope := (blob[3] >> 1) & 7) >= len(_ENVELOPE_BYTES):
        raise ValueError("the geometry is no GeoPackageBinary")
    return geo_property(dict(geojson_of(from_wkb(blob[8 + _ENVELOPE_BYTES[envelope] :]))), place)


def _mapped(
    mapping: FileMapping, columns: Mapping[str, Any], number: int, location: Callable[[], Entity | None]
) -> ImportedRow:
    try:
        entity = mapping.entity(columns, number=number)
        found = location()
    except BadValue as error:
        return ImportedRow(number, None, error.bad)
    except (ValueError, TypeError, IndexError, ShapelyError) as error:
        return ImportedRow(number, None, BadRow(number, "location", str(error)))
    return ImportedRow(number, entity if found is None else {**entity, "location": found})


_MAPPED: dict[str, Callable[[Path, FileMapping, int | None], Iterator[ImportedRow]]] = {
    ".csv": _csv,
    ".geojson": _geojson,
    ".gpkg": _geopackage,
}

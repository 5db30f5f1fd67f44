"""Import as an operator meets it: all checked first, written resumably, each bad row named."""

from __future__ import annotations

import http.server
import json
import sqlite3
import struct
import threading

import pytest
from shapely import Point, to_wkb

from samstad_node.cli.main import main

MAPPING = """
type = "WasteContainer"
id = "urn:ngsi-ld:WasteContainer:waste:{nr}"
epsg = 3011
x = "E"
y = "N"
[attributes.fillingLevel]
column = "fill"
kind = "number"
factor = 0.01
observed = "at"
required = true
"""
CSV = """nr,E,N,fill,at
1,153000,6580000,62,2026-11-25T02:00:00Z
2,153000,6580000,much,2026-11-25T02:00:00Z
,153000,6580000,5,2026-11-25T02:00:00Z
1,153000,6580000,7,2026-11-25T02:00:00Z
5,east,6580000,7,2026-11-25T02:00:00Z
6,153010,6580000,,2026-11-25T02:00:00Z
"""


class Node(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        node = self.server
        node.batches.append(body)
        status, answer = node.answers.pop(0) if node.answers else (204, None)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def node():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.batches, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path, capsys, node):
    (tmp_path / "map.toml").write_text(MAPPING)

    def run(name, content=None, *more):
        file = tmp_path / name
        if content is not None:
            file.write_text(content)
        mapped = ["--mapping", str(tmp_path / "map.toml")]
        code = main(["import", str(file), "--url", node.url, "--json", *mapped, *more])
        out, err = capsys.readouterr()
        return code, json.loads(out or err)

    return run


def test_good_rows_are_written_and_each_bad_one_is_named(run, node):
    code, report = run("bins.csv", CSV)
    assert code == 5
    assert [(row["number"], row["field"]) for row in report["bad"]] == [
        (2, "fill"),
        (3, "nr"),
        (4, "id"),
        (5, "location"),
        (6, "fill"),
    ]
    (written,) = node.batches[0]
    assert report["written"] == 1
    assert written["id"] == "urn:ngsi-ld:WasteContainer:waste:1"
    assert written["fillingLevel"]["value"] == 0.62
    longitude, latitude = written["location"]["value"]["coordinates"]
    assert (round(longitude, 2), round(latitude, 2)) == (18.05, 59.34)


def test_a_dry_run_writes_nothing(run, node):
    code, report = run("bins.csv", CSV, "--dry-run")
    assert (code, report["written"], report["good"]) == (5, 0, 1)
    assert node.batches == []


def test_a_broken_import_goes_on_where_it_was(run, node, tmp_path):
    entities = json.dumps([{"id": f"urn:x:{n}", "type": "X"} for n in range(1200)])
    node.answers += [(204, None), (507, {"detail": "full"})]
    code, failure = run("all.json", entities)
    assert code == 4
    assert failure["error"] == "after 500 of 1200 rows: full"
    assert (tmp_path / "all.json.import-state").exists()
    node.batches.clear()
    code, report = run("all.json")
    assert (code, report["written"], report["bad"]) == (0, 1200, [])
    assert [batch[0]["id"] for batch in node.batches] == ["urn:x:500", "urn:x:1000"]
    assert not (tmp_path / "all.json.import-state").exists()


def test_a_node_that_is_busy_for_a_moment_does_not_break_an_import(run, node, tmp_path):
    node.answers += [(429, {"detail": "too many"}), (204, None)]
    code, report = run("all.json", '[{"id": "urn:x:1", "type": "X"}]')
    assert (code, report["written"], len(node.batches)) == (0, 1, 2)
    assert not (tmp_path / "all.json.import-state").exists()


def test_what_the_node_refuses_is_named_by_its_row(run, node):
    node.answers.append((207, {"errors": [{"entityId": "urn:x:2", "error": {"detail": "no such type"}}]}))
    code, report = run(
        "all.json", '[{"id": "urn:x:1", "type": "X"}, {"id": "urn:x:2", "type": "X"}, {"id": "urn:x:3"}]'
    )
    assert code == 5
    assert report["bad"][0] == {"number": 2, "field": "urn:x:2", "why": "no such type"}
    assert (report["bad"][1]["number"], report["bad"][1]["field"]) == (3, "type")
    assert report["written"] == 1


def test_geojson_is_read(run, node):
    feature = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[16.5, 59.6], [16.6, 59.6]]},
        "properties": {"nr": 9, "fill": 50},
    }
    content = json.dumps({"type": "FeatureCollection", "features": [feature, 7]})
    code, report = run("x.geojson", content, "--epsg", "4326")
    assert code == 5
    assert report["bad"] == [{"number": 2, "field": "feature", "why": "is no object"}]
    assert node.batches[0][0]["location"]["value"] == feature["geometry"]


def test_a_geopackage_knows_its_own_system(run, node, tmp_path):
    file = tmp_path / "bins.gpkg"
    database = sqlite3.connect(file)
    database.executescript(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization_coordsys_id);"
        "INSERT INTO gpkg_spatial_ref_sys VALUES (7, 3006);"
        "CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id);"
        "INSERT INTO gpkg_geometry_columns VALUES ('bins', 'geom', 7);"
        "CREATE TABLE bins (nr INTEGER, fill REAL, geom BLOB)"
    )
    blob = b"GP\x00\x01" + struct.pack("<i", 7) + to_wkb(Point(674032, 6580822))
    database.executemany("INSERT INTO bins VALUES (?, 10, ?)", [(1, blob), (2, b"nothing"), (3, None)])
    database.commit()
    database.close()
    code, report = run("bins.gpkg")
    assert code == 5
    assert [row["number"] for row in report["bad"]] == [2]
    longitude, latitude = node.batches[0][0]["location"]["value"]["coordinates"]
    assert (round(longitude, 1), round(latitude, 1)) == (18.1, 59.3)
    assert "location" not in node.batches[0][1]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.csv", "a,b\n1,2\n", "columns that the file has not: fill"),
        ("x.xls", "", "known are"),
        ("x.json", "{}", "no JSON array"),
        ("x.json", "[", "cannot be read"),
        ("x.geojson", "[]", "no GeoJSON FeatureCollection"),
        ("x.gpkg", "no database, only some text", "cannot be read"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_whole(run, node, name, content, why):
    code, failure = run(name, content)
    assert code == 2
    assert why in failure["error"]
    assert node.batches == []


def test_a_key_that_is_wrong_is_told_and_nothing_is_noted(run, node, tmp_path):
    node.answers.append((401, {"detail": "Log in first."}))
    code, failure = run("x.json", '[{"id": "urn:x:1", "type": "X"}]')
    assert code == 4
    assert "401: Log in first." in failure["error"]
    assert not (tmp_path / "x.json.import-state").exists()

"""A device repository's codecs are kept when their own examples pass, and told vendor by vendor when not."""

from __future__ import annotations

import sqlite3

import pytest

from samstad_devices.gateway.catalogue import licence_of, read_catalogue
from samstad_devices.plugin.commands import codecs

GOOD = "function decodeUplink(i) { return i.bytes[0] > 9 ? {errors: ['no']} : {data: {on: i.bytes[0]}}; }"
CODEC = """
uplinkDecoder:
  fileName: {file}
  examples:
    - description: one
      input: {{fPort: 1, bytes: [7]}}
      output: {{data: {{{key}: 7}}}}
    - description: wrong bytes
      input: {{fPort: 1, bytes: [99]}}
      output: {{errors: [no]}}
"""


@pytest.fixture
def repository(tmp_path):
    def write(vendor: str, files: dict[str, str]):
        directory = tmp_path / "repository" / "vendor" / vendor
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).write_text(text, encoding="utf-8")
        return tmp_path / "repository"

    directory = write("good", {"a.js": GOOD, "a-codec.yaml": CODEC.format(file="a.js", key="on")})
    (directory / "LICENSE").write_text("Apache License\nVersion 2.0", encoding="utf-8")
    return write


def kept(data) -> list[tuple[str, str]]:
    connection = sqlite3.connect(data / "devices.db")
    rows = connection.execute("SELECT name, licence FROM codec ORDER BY name").fetchall()
    connection.close()
    return rows


def test_codecs_that_pass_are_kept_with_their_licence(repository, tmp_path, capsys):
    directory = repository("good", {})
    data = tmp_path / "data"
    data.mkdir()
    assert codecs(directory, data=data, dry_run=True) == 0
    assert not (data / "devices.db").exists()
    assert codecs(directory, data=data) == 0
    assert kept(data) == [("good/a-codec", "Apache-2.0")]
    assert "good: 1 of 1 codecs pass, 2 examples" in capsys.readouterr().out


def test_codecs_that_do_not_are_told_and_left_out(repository, tmp_path, capsys):
    directory = repository(
        "bad",
        {
            "a.js": GOOD,
            "b.js": "function decodeUplink() { for (;;) {} }",
            "wrong-codec.yaml": CODEC.format(file="a.js", key="off"),
            "loop-codec.yaml": CODEC.format(file="b.js", key="on"),
            "gone-codec.yaml": CODEC.format(file="c.js", key="on"),
            "out-codec.yaml": CODEC.format(file="../good/a.js", key="on"),
            "broken-codec.yaml": "a: [",
            "list-codec.yaml": "- 1",
            "none-codec.yaml": "downlinkEncoder: {}",
        },
    )
    data = tmp_path / "data"
    data.mkdir()
    assert codecs(directory, data=data) == 1
    assert kept(data) == [("good/a-codec", "Apache-2.0")]
    told = capsys.readouterr().out
    assert "bad: 0 of 7 codecs pass" in told
    for name in ("wrong", "loop", "gone", "out", "broken", "list", "none"):
        assert f"  {name}-codec: " in told


def test_without_a_licence_or_a_place_nothing_is_kept(repository, tmp_path, capsys):
    directory = repository("good", {})
    assert codecs(directory, data=tmp_path / "none") == 1
    assert "no data directory" in capsys.readouterr().err
    (directory / "LICENSE").unlink()
    assert licence_of(directory) == ""
    assert codecs(directory, dry_run=True) == 1
    assert "No licence" in capsys.readouterr().err
    assert codecs(directory, licence="my own", dry_run=True) == 0
    assert codecs(tmp_path, licence="my own", dry_run=True) == 1
    assert "no device repository" in capsys.readouterr().err


def test_words_and_dates_stay_what_they_are(repository):
    text = "uplinkDecoder:\n  fileName: a.js\n  examples:\n"
    text += "    - input: {fPort: 1, bytes: [0x01]}\n"
    text += "      output: {data: {on: off, y: n, day: 2026-11-25, octal: 012}}\n"
    directory = repository("words", {"a.js": GOOD, "w-codec.yaml": text})
    (found,) = [one for one in read_catalogue(directory) if one.vendor == "words"]
    assert found.fault == ""
    assert found.examples[0].data == {"on": "off", "y": "n", "day": "2026-11-25", "octal": 12}

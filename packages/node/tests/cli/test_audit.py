"""The account of who did what: read from files, and whole or found out."""

from __future__ import annotations

import json

import pytest

from samstad_node.cli.exits import Exit
from samstad_node.cli.main import main


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Data of a node whose administrator gave out two keys."""
    where = tmp_path_factory.mktemp("node") / "data"
    for who in ("anna", "bo"):
        words = ["keys", "create", who, "--role", "administrator", "--reason", f"{who} begins"]
        assert main([*words, "--data", str(where), "--json"]) == Exit.OK
    return where


@pytest.fixture(scope="module")
def lines(data, tmp_path_factory):
    """The entries as lines, written by the command itself."""
    path = tmp_path_factory.mktemp("lines") / "audit.jsonl"
    with pytest.MonkeyPatch.context() as patch, path.open("w") as out:
        patch.setattr("sys.stdout", out)
        assert main(["audit", "list", str(data), "--json"]) == Exit.OK
    return path


def checked(capsys, *words) -> dict:
    capsys.readouterr()
    code = main(["audit", "check", *map(str, words), "--json"])
    return json.loads(capsys.readouterr().out) | {"exit": code}


def test_acts_are_told_oldest_first_with_who_and_why(data, capsys):
    assert main(["audit", "list", str(data), "--what", "key."]) == Exit.OK
    first, second = capsys.readouterr().out.splitlines()
    assert "local key.create" in first
    assert "(anna begins)" in first
    assert "(bo begins)" in second
    assert main(["audit", "list", str(data), "--who", "nobody"]) == Exit.OK
    assert capsys.readouterr().out == ""


def test_a_whole_chain_is_told_with_its_checkpoint(data, lines, capsys):
    found = checked(capsys, data)
    assert (found["ok"], found["exit"], found["fault"]) == (True, Exit.OK, None)
    checkpoint = f"{found['number']}:{found['hash']}"
    assert checked(capsys, lines, "--kept", checkpoint)["ok"]
    other = f"{found['number']}:{'f' * 64}"
    assert "written anew" in checked(capsys, lines, "--kept", other)["fault"]


def test_what_was_changed_removed_or_cut_off_is_found(lines, tmp_path, capsys):
    entries = lines.read_text().splitlines()
    whole = checked(capsys, lines)
    changed = tmp_path / "changed.jsonl"
    for text, fault in (
        ("\n".join(entries).replace("anna begins", "anna stays"), "not as it was written"),
        ("\n".join(entries[1:]), "one was removed"),
        ("\n".join(entries[:-1]), "cut off"),
    ):
        changed.write_text(text)
        found = checked(capsys, changed, "--kept", f"{whole['number']}:{whole['hash']}")
        assert fault in found["fault"]
        assert found["exit"] == Exit.REFUSED_ROWS


def test_an_export_proves_it_without_the_node(data, tmp_path, capsys):
    assert main(["export", str(tmp_path / "export"), "--data", str(data)]) == Exit.OK
    assert checked(capsys, tmp_path / "export") == checked(capsys, data)


def test_where_history_was_given_up_the_chain_begins_at_a_checkpoint(lines, tmp_path, capsys):
    first, *later = lines.read_text().splitlines()
    rest = tmp_path / "rest.jsonl"
    rest.write_text("\n".join(later))
    before = json.loads(first)
    assert checked(capsys, rest, "--start", f"{before['number']}:{before['hash']}")["ok"]
    assert not checked(capsys, rest)["ok"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--kept", "yesterday"], Exit.USAGE, "no checkpoint"),
        (["--start", "1:short"], Exit.USAGE, "no checkpoint"),
        (["/nowhere"], Exit.SETTINGS, "no data directory"),
    ],
)
def test_what_cannot_be_checked_is_said_in_a_sentence(words, code, said, data, capsys):
    assert main(["audit", "check", *(words if words[0].startswith("/") else [str(data), *words])]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_line_that_is_no_entry_is_named(tmp_path, capsys):
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"number": 1}\n')
    assert main(["audit", "check", str(odd)]) == Exit.SETTINGS
    assert "line 1" in capsys.readouterr().err

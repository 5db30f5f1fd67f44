"""The command line: helpful when it is right, one clear sentence when it is not."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys

import pytest

from samstad_node.cli.commands import COMMANDS, GROUPS
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.main import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No samstad.toml of the working directory and no variable may reach a test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAMSTAD_SETTINGS", raising=False)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_every_row_of_the_table_is_a_documented_function_with_json(command):
    module, _, name = command.target.partition(":")
    function = getattr(importlib.import_module(module), name)
    assert inspect.getdoc(function).splitlines()[0] == command.text
    assert function.__kwdefaults__["json"] is False
    assert len(command.words) == 1 or command.words[0] in GROUPS


@pytest.mark.parametrize("words", [[], *(list(command.words) for command in COMMANDS)], ids=" ".join)
def test_help_is_given_everywhere(words, capsys):
    assert main([*words, "--help"]) == Exit.OK
    out = capsys.readouterr().out
    assert out.startswith("Usage: samstad")
    assert "TODO" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serv"], "Did you mean"),
        (["serve", "--prot", "1"], "--port"),
        (["serve", "--port", "eighty"], "eighty"),
        (["settings", "show", "extra"], "extra"),
    ],
)
def test_what_is_not_understood_exits_2_and_points_to_help(words, said, capsys):
    assert main(words) == Exit.USAGE
    err = capsys.readouterr().err
    assert said in err
    assert "--help" in err
    assert "Traceback" not in err


def test_a_bad_setting_exits_3_and_names_the_key(elsewhere, capsys):
    (elsewhere / "samstad.toml").write_text("[http]\nport = 99999\n")
    assert main(["settings", "check"]) == Exit.SETTINGS
    err = capsys.readouterr().err
    assert "http.port (samstad.toml line 2): 99999 is not a whole number from 0 to 65535" in err


def test_json_is_one_document_also_when_it_fails(elsewhere, capsys):
    assert main(["version", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["samstad"]
    (elsewhere / "samstad.toml").write_text("[nod]\n")
    assert main(["settings", "check", "--json"]) == Exit.SETTINGS
    failure = json.loads(capsys.readouterr().err)
    assert failure["exit"] == 3
    assert "did you mean node?" in failure["error"]


def test_show_tells_where_each_value_came_from(elsewhere, capsys, monkeypatch):
    file = elsewhere / "other.toml"
    file.write_text("[http]\nport = 1234\n")
    monkeypatch.setenv("SAMSTAD_SETTINGS", str(file))
    monkeypatch.setenv("SAMSTAD_LOG_LEVEL", "debug")
    assert main(["settings", "show"]) == Exit.OK
    out = capsys.readouterr().out
    assert f"port = 1234  # {file} line 2" in out
    assert 'level = "debug"  # environment SAMSTAD_LOG_LEVEL' in out
    assert main(["settings", "show", "--json"]) == Exit.OK
    shown = capsys.readouterr().out
    assert json.loads(shown)["http.port"]["value"] == 1234


def test_a_fault_of_ours_is_one_sentence_and_exits_1(capsys, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the wheel came off")

    monkeypatch.setattr("samstad_node.cli.version.emit", broken)
    monkeypatch.delenv("SAMSTAD_TRACEBACK", raising=False)
    assert main(["version"]) == Exit.FAULT
    err = capsys.readouterr().err
    assert "RuntimeError: the wheel came off" in err
    assert "Traceback" not in err
    monkeypatch.setenv("SAMSTAD_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        main(["version"])


@pytest.mark.parametrize("code", list(Exit))
def test_a_failed_command_exits_with_its_code(code, capsys, monkeypatch):
    def failing(*_: object, **__: object) -> None:
        raise CommandFailed("it is so", exit=code, todo="do that")

    monkeypatch.setattr("samstad_node.cli.version.emit", failing)
    assert main(["version"]) == code
    assert capsys.readouterr().err == "samstad: it is so\nsamstad: do that\n"


def test_serve_refuses_what_cannot_work(capsys):
    assert main(["serve", "--roles", "idel"]) == Exit.SETTINGS
    assert "did you mean idle?" in capsys.readouterr().err
    assert main(["serve", "--roles", "idle", "--open", "--host", "0.0.0.0"]) == Exit.SETTINGS  # noqa: S104
    assert "only possible on loopback" in capsys.readouterr().err
    assert main(["serve", "--roles", "idle", "--port", "70000"]) == Exit.SETTINGS
    assert "70000 is not a whole number from 0 to 65535" in capsys.readouterr().err


def test_a_light_command_loads_no_heavy_library():
    code = (
        "import sys; from samstad_node.cli.main import main; main(['version']);"
        "print(sorted({'duckdb', 'shapely', 'aiohttp', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.endswith("[]\n")

"""Settings: three sources in order, and a bad value that names itself."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_node.cli.main import main
from samstad_node.settings import Secret, Settings, SettingsRefused, load_settings
from samstad_node.settings.fields import fields
from samstad_node.supervisor.channel import Start, encode


def load(tmp_path: Path, text: str = "", environment: dict | None = None, flags: dict | None = None):
    file = tmp_path / "samstad.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file=file, environment=environment or {}, flags=flags or {})


def refused(tmp_path: Path, text: str = "", environment: dict | None = None, flags: dict | None = None):
    with pytest.raises(SettingsRefused) as caught:
        load(tmp_path, text, environment, flags)
    return caught.value.problems


def test_without_any_source_the_defaults_hold():
    loaded = load_settings(file=None, environment={"PATH": "/bin"}, flags={})
    own = {name: getattr(loaded.settings, name) for name in Settings.__struct_fields__}
    assert Settings(**own) == Settings()
    assert {origin.where for origin in loaded.origins.values()} == {"default"}


def test_flag_beats_environment_beats_file_beats_default(tmp_path):
    text = "[http]\nport = 1\nhost = '0.0.0.0'\nidle_timeout_s = 5\n"
    environment = {"SAMSTAD_HTTP_PORT": "2", "SAMSTAD_HTTP_HOST": "::1"}
    loaded = load(tmp_path, text, environment, {"http.port": 3})
    assert loaded.settings.http.port == 3
    assert loaded.settings.http.host == "::1"
    assert loaded.settings.http.idle_timeout_s == 5
    assert loaded.origins["http.port"].where == "flag for http.port"
    assert loaded.origins["http.host"].where == "environment SAMSTAD_HTTP_HOST"
    assert loaded.origins["http.idle_timeout_s"].where.endswith("samstad.toml line 4")
    assert loaded.settings.http.body_timeout_s == Settings().http.body_timeout_s


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_name(tmp_path):
    (problem,) = refused(tmp_path, "[http]\nhost = 'x'\nprot = 8080\n")
    assert problem.key == "http.prot"
    assert problem.where.endswith("samstad.toml line 3")
    assert "did you mean port?" in problem.detail


def test_an_unknown_section_is_refused(tmp_path):
    (problem,) = refused(tmp_path, "\n[htpp]\nport = 1\n")
    assert (problem.key, "did you mean http?" in problem.detail) == ("htpp", True)
    assert problem.where.endswith("line 2")


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("port = 99999", "99999 is not a whole number from 0 to 65535"),
        ("port = '80'", "'80' is not a whole number from 0 to 65535"),
        ("port = true", "True is not a whole number from 0 to 65535"),
        ("idle_timeout_s = 0", "0 is not a number > 0 and at most 3600"),
        ("host = ''", "'' is not a text that is not empty"),
        ("cors_origins = 'x'", "'x' is not a list of texts"),
    ],
)
def test_a_bad_value_names_itself_and_what_is_allowed(tmp_path, line, allowed):
    (problem,) = refused(tmp_path, f"[http]\n{line}\n")
    assert problem.detail == allowed


def test_every_problem_is_told_at_once(tmp_path):
    problems = refused(
        tmp_path, "[http]\nport = -1\nx = 1\n[log]\nlevel = 'loud'\n", {"SAMSTAD_LOG_FORMAT": "xml"}
    )
    assert {problem.key for problem in problems} == {"http.port", "http.x", "log.level", "log.format"}


def test_a_misspelt_variable_is_refused_but_an_orchestrators_is_not(tmp_path):
    (problem,) = refused(tmp_path, environment={"SAMSTAD_HTTP_PROT": "1"})
    assert "SAMSTAD_HTTP_PORT" in problem.detail
    load(tmp_path, environment={"SAMSTAD_SERVICE_HOST": "10.0.0.1", "SAMSTAD_REFERENCE": "x"})


def test_lists_come_from_the_environment_by_commas(tmp_path):
    loaded = load(tmp_path, environment={"SAMSTAD_ROLES_RUN": "broker, signals,"})
    assert loaded.settings.roles.run == ("broker", "signals")


def test_a_section_that_is_no_table_and_a_file_that_is_no_toml(tmp_path):
    (problem,) = refused(tmp_path, "http = 1\n")
    assert "write [http]" in problem.detail
    (problem,) = refused(tmp_path, "[http\n")
    assert "not TOML" in problem.detail
    with pytest.raises(SettingsRefused, match="cannot be read"):
        load_settings(file=tmp_path / "absent.toml", environment={}, flags={})


@pytest.mark.usefixtures("vault")
def test_a_secret_never_shows_not_even_in_a_refusal(tmp_path):
    loaded = load(tmp_path, environment={"SAMSTAD_VAULT_WORD": "hush-hush"})
    word = loaded.settings.vault.word
    assert word.reveal() == "hush-hush"
    for text in (repr(loaded), str(word), f"{word}", repr(word)):
        assert "hush" not in text
    with pytest.raises(TypeError):
        pickle.dumps(word)
    (problem,) = refused(tmp_path, "[vault]\nword = 12345\n")
    assert "12345" not in str(problem)


@pytest.mark.usefixtures("vault")
def test_the_command_shows_no_secret_and_the_pipe_to_a_role_carries_it(tmp_path, capsys, monkeypatch):
    file = tmp_path / "samstad.toml"
    file.write_text("[vault]\nword = 'hush-hush'\n")
    monkeypatch.setenv("SAMSTAD_SETTINGS", str(file))
    for flags in ([], ["--json"]):
        assert main(["settings", "show", *flags]) == 0
        assert "hush" not in capsys.readouterr().out
    loaded = load_settings(file=file, environment={}, flags={}).settings
    assert b"hush-hush" in encode(Start("a", "/data", loaded))


def test_secrets_compare_by_what_they_hold():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret()


def test_every_field_is_described_and_its_default_is_allowed():
    for field in fields():
        assert field.description.endswith("."), field.key
        assert field.allowed != "a value of its type", field.key
    assert len({field.variable for field in fields()}) == len(list(fields()))


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "samstad.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_settings(file=file, environment={}, flags={})
    except SettingsRefused:
        return
    assert "=" in text or not text.strip() or text.lstrip()[0] in "#["

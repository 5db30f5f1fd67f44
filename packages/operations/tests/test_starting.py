"""A start that cannot work says which key is wrong; texts are whole in both languages."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

import samstad_operations
from samstad_operations.plugin.rules import load_book, load_ways
from samstad_operations.settings import OperationsSettings
from samstad_plugin import CannotStart

LOCALES = Path(samstad_operations.__file__).parent / "locales"
SIGNED_IN = {"smtp_user": "node", "smtp_password_file": "/nowhere/file"}
GOOD = {"smtp_host": "mail.city.example", "sender": "node@city.example"}


def load(path: Path, text: str, **more) -> dict:
    path.write_text(text, "utf-8")
    settings = OperationsSettings(rules_file=str(path), **more)
    return load_ways(settings, load_book(settings))


def test_without_a_file_nobody_is_told():
    settings = OperationsSettings()
    assert load_book(settings).rules == {}
    assert "email" not in load_ways(settings, load_book(settings))


def test_what_is_needed_is_there(tmp_path, rules):
    assert sorted(load(tmp_path / "rules.toml", rules, **GOOD)) == ["email", "webhook"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"sender": "node@city.example"}, "operations.smtp_host is empty"),
        ({"smtp_host": "mail.city.example"}, "operations.sender is empty"),
        ({**GOOD, "sender": "node"}, "operations.sender is no address"),
        ({**GOOD, "allow_networks": ("ten",)}, "operations.allow_networks: 'ten'"),
        ({**GOOD, **SIGNED_IN}, "operations.smtp_password_file cannot be read"),
        ({**GOOD, "smtp_user": "node"}, "operations.smtp_user and smtp_password_file go together"),
        ({**GOOD, **SIGNED_IN, "smtp_security": "none"}, "operations.smtp_security is none"),
    ],
)
def test_a_setting_that_is_wrong_stops_the_start(tmp_path, rules, more, told):
    with pytest.raises(CannotStart) as refused:
        load(tmp_path / "rules.toml", rules, **more)
    assert refused.value.detail.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[contacts", "operations.rules_file cannot be read"),
        ("[contacts]\n[rules]\n", "operations.rules_file: rules: there is none"),
    ],
)
def test_a_file_that_is_wrong_stops_the_start(tmp_path, text, told):
    with pytest.raises(CannotStart) as refused:
        load(tmp_path / "rules.toml", text, **GOOD)
    assert refused.value.detail.startswith(told)


@pytest.mark.parametrize("held", ["", "two\nlines", None])
def test_a_secret_that_is_none_stops_the_start_and_is_not_shown(tmp_path, rules, held):
    secret = tmp_path / "secret"
    if held is not None:
        secret.write_text(held)
    own = f'/alerts"\nsecret_header = "X-Secret"\nsecret_file = "{secret}"'
    with pytest.raises(CannotStart) as refused:
        load(tmp_path / "rules.toml", rules.replace('/alerts"', own), **GOOD)
    assert refused.value.detail.startswith("contacts.desk.secret_file")
    assert "lines" not in refused.value.detail


def test_both_languages_say_the_same():
    swedish, english = (json.loads((LOCALES / f"{name}.json").read_text("utf-8")) for name in ("sv", "en"))
    assert swedish.keys() == english.keys()
    for key, text in swedish.items():
        assert text
        assert _fields(text) == _fields(english[key])


def _fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}

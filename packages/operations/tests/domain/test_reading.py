"""A file of rules that cannot be followed is refused with the key that is wrong."""

from __future__ import annotations

import tomllib

import pytest

from samstad_operations.domain.book import recipients
from samstad_operations.domain.errors import RulesRefused
from samstad_operations.domain.reading import read_book

WEDNESDAY_NOON_US = 1_795_604_400_000_000  # 2026-11-25T11:00:00Z


def test_a_file_becomes_a_book(book):
    assert recipients(book, ["anna", "street"], now_us=WEDNESDAY_NOON_US) == ("anna",)
    assert recipients(book, ["street"], now_us=WEDNESDAY_NOON_US + 10 * 3_600_000_000) == ("desk",)
    assert book.rules["faults"].steps[0].to == ("chief",)
    assert "secret" not in str(book.contacts["desk"].secret_file)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('severity = "medium"', 'severity = "bad"', "rules.faults.severity: Invalid enum value 'bad'"),
        ('severity = "medium"', "severety = 1", "rules.faults: Object contains unknown field `severety`"),
        ('to = ["anna", "street"]', 'to = ["ana"]', "rules.faults.to: 'ana' is nobody here"),
        ('to = ["chief"]', 'to = ["boss"]', "rules.faults.escalate[0].to: 'boss' is nobody here"),
        ("after_minutes = 20", "after_minutes = -1", "rules.faults.escalate[0].after_minutes: Expected"),
        ('hours = "07:00-16:00"', 'hours = "7-16"', "rotas.street.shifts[0].hours: '7-16' is written"),
        ('otherwise = ["desk"]', "", "rotas.street: nobody is on duty on mon 00:00"),
        ('quiet = "22:00-06:00"', 'quiet = "nights"', "contacts.anna.quiet: 'nights' is written"),
        ('"anna@city.example"', '"anna"', "contacts.anna.email: 'anna' is no address"),
        ('"anna@city.example"', '"a@b\\nBcc: c@d"', "contacts.anna.email:"),
        ("https://desk", "ftp://desk", "contacts.desk.webhook: an address begins with"),
        ("https://desk", "https://me:pass@desk", "contacts.desk.webhook: an address begins with"),
        ('email = "chief@city.example"', "", "contacts.chief: email or webhook is needed"),
        ('email = "chief@city.example"', 'secret_header = "X"', "contacts.chief: email or webhook"),
        ("[rotas.street]", "[rotas.anna]", "rotas.anna: a contact has this name too"),
        ("Europe/Stockholm", "Europe/Atlantis", "zone: 'Europe/Atlantis' is no time zone"),
        ("[rules.faults]", "[rule.faults]", "Object contains unknown field `rule`"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(rules, before, after, told):
    assert before in rules
    with pytest.raises(RulesRefused) as refused:
        read_book(tomllib.loads(rules.replace(before, after, 1)))
    assert str(refused.value).startswith(told)


def test_a_password_in_an_address_is_not_repeated(rules):
    with pytest.raises(RulesRefused) as refused:
        read_book(tomllib.loads(rules.replace("https://desk", "https://me:hush@desk")))
    assert "hush" not in str(refused.value)

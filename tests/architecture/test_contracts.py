"""The import contracts are those of the table of rooms, hold, and leave nobody out."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import rooms


def contracts(root) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(root / ".importlinter", encoding="utf-8")
    return parser


def test_the_contracts_are_made_from_the_table(root):
    assert (root / ".importlinter").read_text(encoding="utf-8") == rooms.render(), "run `make contracts`"


def test_every_package_is_under_contract(root):
    listed = contracts(root)["importlinter"]["root_packages"].split()
    on_disk = sorted(path.parent.name for path in root.glob("packages/*/src/*/__init__.py"))
    assert sorted(listed) == on_disk
    for name in rooms.members():
        imports_all = next(room for room in rooms.ROOMS if room.name == name).may_import == ("*",)
        assert imports_all == (f"importlinter:contract:row-{name}" not in contracts(root))


def test_every_room_stands_on_one_level():
    levels = [name for level in rooms.LEVELS for name in level]
    assert sorted(levels) == sorted(room.name for room in rooms.ROOMS)


def test_nothing_imports_the_composition_root():
    assert not [room.name for room in rooms.ROOMS if "node" in room.may_import]
    assert [room.name for room in rooms.ROOMS if "*" in room.may_import] == ["node"]


def test_the_contracts_hold(root):
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert " 0 broken" in done.stdout


def test_exceptions_only_shrink():
    assert len(rooms.ALLOWED_IMPURITIES) <= 1
    assert len(rooms.ALLOWED_CYCLES) <= 3

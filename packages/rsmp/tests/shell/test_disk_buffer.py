import os
import subprocess
import sys

import pytest

from samstad_rsmp.shell.disk_buffer import SLACK_BYTES, DiskBuffer


def records(buffer):
    return buffer.peek(0, len(buffer))


def test_what_was_kept_is_there_after_a_restart(tmp_path):
    first = DiskBuffer(tmp_path / "main.buffer")
    for number in range(10_000):
        first.append(b'{"n":%d}' % number)
    first.drop(3)
    first.close()
    again = DiskBuffer(tmp_path / "main.buffer")
    assert len(again) == 9_997
    assert records(again)[0] == b'{"n":3}'
    assert again.dropped == 0
    again.close()


def test_it_survives_the_death_of_its_process(tmp_path):
    script = (
        "import os, pathlib, sys; from samstad_rsmp.shell.disk_buffer import DiskBuffer\n"
        "b = DiskBuffer(pathlib.Path(sys.argv[1]))\n"
        "[b.append(b'r%d' % n) for n in range(100)]; b.sync(); b.append(b'unsynced'); os._exit(9)"
    )
    died = subprocess.run([sys.executable, "-c", script, str(tmp_path / "b")], check=False)  # noqa: S603
    assert died.returncode == 9
    again = DiskBuffer(tmp_path / "b")
    assert records(again)[:100] == [b"r%d" % n for n in range(100)]
    again.close()


@pytest.mark.parametrize("torn", [b"+0000", b"+deadbeef {}\n", b"-x\n", b"nonsense\n", b"\x00" * 512])
def test_a_torn_end_is_cut_off_and_what_is_whole_stays(tmp_path, torn):
    path = tmp_path / "b"
    buffer = DiskBuffer(path)
    buffer.append(b"whole")
    buffer.close()
    with path.open("ab") as file:
        file.write(torn)
    again = DiskBuffer(path)
    assert records(again) == [b"whole"]
    again.append(b"next")
    again.close()
    last = DiskBuffer(path)
    assert records(last) == [b"whole", b"next"]
    last.close()


def test_the_file_does_not_grow_for_ever(tmp_path):
    path = tmp_path / "b"
    buffer = DiskBuffer(path)
    for _ in range(30):
        for _ in range(100):
            buffer.append(b"x" * 1000)
        buffer.drop(100)
        buffer.sync()
    assert path.stat().st_size < 2 * SLACK_BYTES
    buffer.append(b"last")
    buffer.close()
    again = DiskBuffer(path)
    assert records(again) == [b"last"]
    again.close()


def test_a_full_buffer_is_as_full_after_a_restart(tmp_path):
    buffer = DiskBuffer(tmp_path / "b", most=10)
    for number in range(25):
        buffer.append(b"%d" % number)
    assert buffer.dropped == 15
    kept = records(buffer)
    buffer.close()
    again = DiskBuffer(tmp_path / "b", most=10)
    assert records(again) == kept
    assert kept[0] != b"0"
    again.close()


def test_syncing_nothing_touches_no_disk(tmp_path, monkeypatch):
    buffer = DiskBuffer(tmp_path / "b")
    calls = []
    monkeypatch.setattr(os, "fsync", calls.append)
    buffer.sync()
    assert calls == []
    buffer.append(b"x")
    buffer.sync()
    assert len(calls) == 1
    buffer.close()


def test_a_full_disk_stops_nothing_and_is_made_up_for(tmp_path, monkeypatch):
    def full(_number):
        raise OSError(28, "No space left on device")

    buffer = DiskBuffer(tmp_path / "b")
    buffer.append(b"before")
    buffer.sync()
    monkeypatch.setattr(os, "fsync", full)
    buffer.append(b"during")
    buffer.sync()
    assert buffer.fault == "No space left on device"
    buffer.append(b"still during")
    buffer.sync()
    assert records(buffer) == [b"before", b"during", b"still during"]
    monkeypatch.undo()
    buffer.drop(1)
    for _ in range(60):
        buffer.sync()
    assert buffer.fault == ""
    buffer.append(b"after")
    buffer.close()
    again = DiskBuffer(tmp_path / "b")
    assert records(again) == [b"during", b"still during", b"after"]
    again.close()

import json
import socket
import subprocess
import sys

import pytest

from samstad_rsmp.shell.cli.main import main

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
PLAN = ["status=True", "timeplan=3"]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    """The port to which an emulated site keeps connecting."""
    number = free_port()
    words = ["site", "--supervisor", f"127.0.0.1:{number}", "--reconnect", "0.1"]
    command = [sys.executable, "-m", "samstad_rsmp.shell.cli.main", *words]
    site = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    yield number
    site.terminate()
    out, _ = site.communicate(timeout=10)
    assert site.returncode == 0
    assert "is connected (RSMP 3.2.2, SXL 1.2.1)" in out
    assert "2222" not in out  # security codes are never printed


@pytest.fixture
def run(port, capsys):
    def run_command(*words):
        code = main([*words, "--port", str(port)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_command


def test_a_command_is_sent_and_seen_in_its_status(run):
    code, out, _ = run("send", SITE, "M0002", "securityCode=2222", *PLAN)
    assert code == 0
    assert "confirmed by S0014" in out
    assert "securityCode=***" in out
    assert "2222" not in out
    code, out, _ = run("send", SITE, "S0014", "--json")
    told = json.loads(out)
    assert code == 0
    assert {one["n"]: one["s"] for one in told["message"]["sS"]} == {"status": "3", "source": "forced"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["M0002", "securityCode=9999", *PLAN], 5, "the site refused: Incorrect security code"),
        (["M0002", "securityCode=2222", "status=True", "timeplan=9"], 5, "there is no time plan 9"),
        (["M0002", "securityCode=2222", "status=True", "timeplan=999"], 2, "timeplan: 999 is more than 255"),
        (["M0002", "timeplan"], 2, "'timeplan' is not NAME=VALUE"),
        (["M0012", "status=1,1,0", "securityCode=2222"], 5, "the site does not have it"),
        (["X1"], 2, "'X1' is no status, command or alarm"),
        (["S0014", "--component", "TC9"], 5, "the site does not have it"),
        (["A0302", "--component", "TC", "--alarm", "Suspend"], 5, "component 'TC' has no alarm A0302"),
        (["A0302", "--alarm", "Forget"], 2, "'Forget' is not one of"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_sentence(run, words, code, told):
    got, out, err = run("send", SITE, *words)
    assert got == code
    assert told in err
    assert "Traceback" not in err
    assert "confirmed" not in out


def test_an_alarm_is_suspended_and_resumed(run):
    for wish, told in (("Suspend", "Suspended"), ("Resume", "notSuspended")):
        code, out, _ = run("send", SITE, "A0302", "--component", "DL1", "--alarm", wish)
        assert code == 0
        assert f"alarm A0302 inActive Acknowledged {told} " in out


def test_a_site_that_does_not_come_is_not_reachable(run):
    code, out, err = run("send", "RN+SI0002", "S0014", "--wait", "0.2", "--json")
    assert code == 4
    assert out == ""
    assert json.loads(err)["error"] == "site RN+SI0002 did not connect within 0.2 s"


def test_watching_shows_states_as_they_change(run):
    code, out, _ = run("watch", SITE, "--seconds", "1")
    assert code == 0
    assert "S0001 signalgroupstatus=" in out
    assert "aggregated" not in out
    code, _, err = run("watch", "RN+SI0002", "--seconds", "0.2")
    assert code == 4
    assert "site RN+SI0002 did not connect" in err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["supervisor", "--port", "99999"], 2, "there is no port 99999"),
        (["supervisor", "--subscribe", "TC"], 2, "'TC' is not COMPONENT:CODE"),
        (["supervisor", "--subscribe", "TC:S9999"], 2, "there is no status S9999"),
        (["supervisor", "--by-certificate"], 2, "--by-certificate needs certificates"),
        (["site", "--core", "3.3.0"], 2, "RSMP 3.3.0 is not spoken"),
        (["site", "--sxl", "1.3.0"], 2, "SXL 1.3.0 is a draft"),
        (["site", "--sxl", "1.0.11"], 2, "SXL 1.0.11 is not known"),
        (["site", "--supervisor", "nowhere"], 2, "'nowhere' is not HOST:PORT"),
        (["site", "--time-zone", "Mars"], 2, "there is no time zone 'Mars'"),
        (["site", "--file", "no-such-file.toml"], 3, "cannot read no-such-file.toml"),
        (["site", "--certificate", "x"], 2, "--certificate, --key and --authority go together"),
        (
            ["site", "--certificate", "x", "--key", "x", "--authority", "x"],
            3,
            "the certificates cannot be used",
        ),
        (["sight"], 2, "sight"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(capsys, words, code, told):
    assert main(words) == code
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err


def test_it_ends_in_good_order_when_it_is_told_to():
    words = [sys.executable, "-m", "samstad_rsmp.shell.cli.main", "supervisor", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as centre:  # noqa: S603
        assert b"listening on" in centre.stdout.readline()
        centre.terminate()
        assert centre.wait(timeout=10) == 0
        assert centre.stderr.read() == b""


def test_a_reader_that_goes_away_ends_it_without_a_word(port):
    words = [sys.executable, "-m", "samstad_rsmp.shell.cli.main", "watch", SITE, "--port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:  # noqa: S603
        assert b"listening on" in watching.stdout.readline()
        watching.stdout.close()
        assert watching.wait(timeout=10) == 0
        assert watching.stderr.read() == b""


def test_a_fault_of_ours_is_one_sentence_too(capsys, monkeypatch):
    monkeypatch.setattr("samstad_rsmp.shell.cli.supervise.SupervisorServer", None)
    assert main(["supervisor", "--port", "0"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("samstad-rsmp: a fault of ours: TypeError")
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_told(capsys):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        assert main(["supervisor", "--port", str(one.getsockname()[1])]) == 3
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_a_site_file_is_told_what_is_wrong_with_it(tmp_path, capsys):
    file = tmp_path / "site.toml"
    for text, told in (
        ("site_id =", "Invalid value"),
        ("site_id = 'x'\n", "missing required field `groups`"),
    ):
        file.write_text(text, encoding="utf-8")
        assert main(["site", "--file", str(file)]) == 3
        assert told in capsys.readouterr().err

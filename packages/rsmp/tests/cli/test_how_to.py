import re
from pathlib import Path

import pytest

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.shell.cli.exits import CommandFailed
from samstad_rsmp.shell.cli.site import read_junction

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "connect-a-controller.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside the package")
def test_the_junction_of_the_how_to_runs_and_a_conflict_in_it_does_not(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "junction.toml"
    file.write_text(text, encoding="utf-8")
    controller = Controller(read_junction(file))
    for second in range(200):
        controller.advance(1_795_996_800_000 + second * 1000)
    assert controller.characters(1_795_996_800_000 + 200_000)[0] in "134N0BF"
    file.write_text(text.replace("start_s = 41", "start_s = 30"), encoding="utf-8")
    with pytest.raises(CommandFailed, match="plan 1: SG1 and SG2 conflict"):
        read_junction(file)

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_readme_does_what_it_says(number):
    exec(compile(EXAMPLES[number], f"README.md example {number + 1}", "exec"), {})  # noqa: S102
    assert "pip install" not in EXAMPLES[number]

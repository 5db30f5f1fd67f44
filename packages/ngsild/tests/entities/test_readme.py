"""The examples of the README run."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example):
    assert "assert " in example
    exec(compile(example, str(README), "exec"), {})  # noqa: S102  our own text


def test_there_are_examples():
    assert len(EXAMPLES) >= 2

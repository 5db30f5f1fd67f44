"""The example of the client's page does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "client.md"


async def test_the_example_of_the_page_runs():
    [example] = re.findall(r'```python title="test_counter.py"\n(.*?)```', PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - the page's own example
    await names["test_full_bins_are_counted"]()
    assert names["FULL"].startswith("urn:")

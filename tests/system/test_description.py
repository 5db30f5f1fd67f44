"""Whatever a machine makes of the node's own description: it is answered, never with a fault of ours."""

from __future__ import annotations

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(400)]

EXAMPLES = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


async def test_no_request_that_fits_the_description_meets_a_fault(node):
    url, headers = node.url, {"X-API-Key": node.key}

    def try_all() -> int:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        count = 0
        for found in schema.get_all_operations():
            operation = found.ok()

            @EXAMPLES
            @given(case=operation.as_strategy())
            def one(case) -> None:
                case.call_and_validate(headers=headers, checks=CHECKS)

            one()
            count += 1
        return count

    assert await asyncio.to_thread(try_all) > 45
    await node.until_ready()
    assert node.run["roles"]["broker"]["restarts"] == 0

"""A client of an ASGI app, over the bridge that the node's own server uses."""

from __future__ import annotations

import asyncio
import json

import pytest

from samstad_broker.http.messages import Request
from samstad_node.server.asgi_bridge import AsgiBridge


class Got:
    def __init__(self, status, headers, body):
        self.status_code = status
        self.headers = headers
        self.text = body.decode()

    def json(self):
        return json.loads(self.text)


class Client:
    def __init__(self, app):
        self._bridge = AsgiBridge(app, scheme="http")

    def get(self, path, headers=None):
        return self.ask("GET", path, headers or {})

    def ask(self, method, path, headers):
        return asyncio.run(
            self._ask(Request(method, path, headers={k.lower(): v for k, v in headers.items()}))
        )

    async def _ask(self, request):
        found = self._bridge(request)
        response = await found if hasattr(found, "__await__") else found
        body = response.body
        if response.stream is not None:
            body = b"".join([part async for part in response.stream])
        return Got(response.status, {name.lower(): value for name, value in response.headers}, body)


@pytest.fixture
def browse():
    return Client

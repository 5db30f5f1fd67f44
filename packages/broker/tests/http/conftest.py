from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.kernel import Kernel, KernelSettings
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.router import Route
from samstad_broker.spi.authorizer import Unauthenticated
from samstad_ngsild.context import ContextResolver

NOW_US = 1_764_036_897_000_000


class Person:
    id = "urn:ngsi-ld:Person:1"


class Doorman:
    """Lets in whoever has the one token."""

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002 - the port's signature
        if headers.get("authorization") != "Bearer right":
            raise Unauthenticated("Send the header Authorization with a bearer token.")
        return Person()

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        return True

    def record(self, entry) -> None: ...


class Node:
    """A kernel under test, with a token sent along."""

    def __init__(self, routes: list[Route], settings: KernelSettings | None = None) -> None:
        self.now_us = NOW_US
        self.kernel = Kernel(
            routes,
            authorizer=Doorman(),
            contexts=ContextBinding(ContextResolver()),
            now_us=lambda: self.now_us,
            settings=settings or KernelSettings(new_incident=lambda: "incident-1"),
        )

    def ask(self, target: str, method: str = "GET", *, body: bytes = b"", **headers: str) -> Any:
        path, _, query = target.partition("?")
        sent = {"authorization": "Bearer right", "content-length": str(len(body))}
        sent |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        return self.kernel(Request(method, path, query, sent, body, "192.0.2.7"))


@pytest.fixture
def node() -> Callable[..., Node]:
    return Node


@pytest.fixture
def header() -> Callable[[Response, str], str | None]:
    def find(response: Response, name: str) -> str | None:
        found = [value for key, value in response.headers if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} more than once: {found}"
        return found[0] if found else None

    return find

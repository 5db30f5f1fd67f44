"""One request on its way through the kernel: what a handler is given."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import msgspec

from samstad_broker.http.bodies import Content, content_of
from samstad_broker.http.context_binding import ContextBinding
from samstad_broker.http.messages import Request
from samstad_broker.http.negotiation import Preferences, negotiate, preferences
from samstad_broker.http.parameters import Parameters
from samstad_broker.http.router import Route
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Authorizer, Caller
from samstad_ngsild.context import Context
from samstad_ngsild.errors import BadRequestData

__all__ = ["Exchange"]


class Exchange(msgspec.Struct, gc=False):
    """A request of an identified caller, routed; everything that may not be needed is read when it is.

    Attributes:
        path: the decoded path parameters.
        tenant: well-formed, the empty string for the default one; whether it exists, the service knows.
        now_us: when the request came, microseconds since 1970 UTC.
        snapshot: the NGSILD-Snapshot header, the empty string for live data (clause 6.3.22).
    """

    request: Request
    route: Route
    path: dict[str, str]
    parameters: Parameters
    caller: Caller
    authorizer: Authorizer
    contexts: ContextBinding
    tenant: str
    now_us: int
    snapshot: str = ""

    @property
    def call(self) -> Call:
        """What the operations are told of the caller."""
        return Call(
            caller=self.caller,
            authorizer=self.authorizer,
            tenant=self.tenant,
            now_us=self.now_us,
            snapshot=self.snapshot,
        )

    @property
    def media_type(self) -> str:
        """The media type of the response.

        Raises:
            NotAcceptable: the resource has nothing that the client accepts.
        """
        return negotiate(self.request.headers.get("accept"), geojson=self.route.geojson)

    @property
    def preferences(self) -> Preferences:
        """What the Prefer header asks for."""
        return preferences(self.request.headers.get("prefer"))

    def content(self) -> Content:
        """Parse the body; see ``content_of`` for what it raises."""
        return content_of(self.request)

    def link_context(self) -> Context | Awaitable[Context]:
        """Return the @context of the Link header, else the default one (clause 6.3.5)."""
        return self.contexts.of_link(self.request, now_us=self.now_us)

    def content_context(self) -> tuple[dict[str, Any], Context | Awaitable[Context]]:
        """Parse a body that is one object and return it without its @context, and the @context."""
        return self.contexts.of_content(self.request, content_of(self.request), now_us=self.now_us)

    def items(
        self, content: Content | None = None
    ) -> list[tuple[Any, Context | Awaitable[Context] | BadRequestData]]:
        """Return each item of a body that is an array with its @context, or with its error."""
        found = content_of(self.request) if content is None else content
        return self.contexts.of_items(self.request, found, now_us=self.now_us)

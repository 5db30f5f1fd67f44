"""What goes wrong below the operations: the errors of HTTP itself (CIM 009 clauses 6.3.2 and 6.3.4).

HttpFailure
├── MethodNotAllowed      405  with Allow
├── NotAcceptable         406  the body lists the available representations
├── LengthRequired        411  without a body
├── PayloadTooLarge       413
├── UnsupportedMediaType  415  without a body
├── TooManyRequests       429  with Retry-After
├── BadGateway            502
├── Overloaded            503  with Retry-After
└── GatewayTimeout        504
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

__all__ = [
    "BadGateway",
    "GatewayTimeout",
    "HttpFailure",
    "LengthRequired",
    "MethodNotAllowed",
    "NotAcceptable",
    "Overloaded",
    "PayloadTooLarge",
    "TooManyRequests",
    "UnsupportedMediaType",
]


class HttpFailure(Exception):
    """A request that no operation was asked about.

    Args:
        detail: what was wrong and what to do about it.
        headers: headers of the response.
        members: further members of the problem details.
    """

    status: ClassVar[int] = 500
    name: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    bodiless: ClassVar[bool] = False

    def __init__(self, detail: str, *, headers: Sequence[tuple[str, str]] = (), **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers
        self.members = members


class MethodNotAllowed(HttpFailure):
    """The resource exists and does not know the method."""

    status = 405
    name = "method-not-allowed"
    title = "Method not allowed"

    def __init__(self, method: str, *, allow: str) -> None:
        super().__init__(f"This resource knows {allow}, not {method[:32]}.", headers=(("Allow", allow),))
        self.allow = allow


class NotAcceptable(HttpFailure):
    """The Accept header names nothing that the resource has."""

    status = 406
    name = "not-acceptable"
    title = "Not acceptable"

    def __init__(self, accept: str, *, available: Sequence[str]) -> None:
        super().__init__(
            f"The Accept header {accept[:200]!r} allows none of {', '.join(available)}.",
            availableRepresentations=list(available),
        )


class LengthRequired(HttpFailure):
    """A request with content says neither its length nor that it comes in chunks."""

    status = 411
    name = "length-required"
    title = "Length required"
    bodiless = True


class PayloadTooLarge(HttpFailure):
    """The content is larger than the node takes in one request."""

    status = 413
    name = "payload-too-large"
    title = "Payload too large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"The body is larger than {limit} bytes; send it in several requests.", limitBytes=limit
        )


class UnsupportedMediaType(HttpFailure):
    """The content is of a type that the operation does not read."""

    status = 415
    name = "unsupported-media-type"
    title = "Unsupported media type"
    bodiless = True


class TooManyRequests(HttpFailure):
    """This caller asks more often than it may; ``retry_after_s`` is in whole seconds."""

    status = 429
    name = "too-many-requests"
    title = "Too many requests"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(
            f"You have used up your rate of requests; try again in {retry_after_s} s.",
            headers=(("Retry-After", str(retry_after_s)),),
        )


class Overloaded(HttpFailure):
    """The node has as many requests at work as it takes at once."""

    status = 503
    name = "overloaded"
    title = "Overloaded"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers=(("Retry-After", str(retry_after_s)),))


class BadGateway(HttpFailure):
    """The one source that holds what is to be changed did not do it (clause 6.3.17)."""

    status = 502
    name = "bad-gateway"
    title = "A source did not do it"


class GatewayTimeout(HttpFailure):
    """The one source that holds what is to be changed did not answer in time (clause 6.3.17)."""

    status = 504
    name = "gateway-timeout"
    title = "A source did not answer"

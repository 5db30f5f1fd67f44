"""Resources as devices find them: bodies in blocks are bounded, and errors become CoAP's codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiocoap import Code, Message, error
from aiocoap.blockwise import Block1Spool
from aiocoap.resource import Resource

from samstad_devices.domain.errors import DevicesError, MessageRefused
from samstad_devices.gateway.coap.bounds import CoapBounds
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable

__all__ = ["CODES", "BoundedResource", "answer_to"]

_RETRY_S = 30

CODES: Mapping[type[Exception], Code] = MappingProxyType(
    {
        CredentialRefused: Code.UNAUTHORIZED,
        StoreUnavailable: Code.SERVICE_UNAVAILABLE,
        MessageRefused: Code.BAD_REQUEST,
        DevicesError: Code.BAD_REQUEST,
    }
)
"""Error → code; the first that fits counts."""


def answer_to(fault: DevicesError) -> Message:
    """Return the answer that tells an error: its sentence is the diagnostic payload (RFC 7252, 5.5.2)."""
    code = next(code for kind, code in CODES.items() if isinstance(fault, kind))
    answer = Message(code=code, payload=fault.detail.encode()[:1_024])
    if code is Code.SERVICE_UNAVAILABLE:
        answer.opt.max_age = _RETRY_S
    return answer


class BoundedResource(Resource):  # type: ignore[misc]  # aiocoap is untyped
    """A resource whose bodies are bounded however they come.

    Args:
        bounds: of the endpoint.
    """

    def __init__(self, bounds: CoapBounds) -> None:
        super().__init__()
        self._bounds = bounds
        self._block1 = _BoundedSpool(bounds)

    async def render(self, request: Any) -> Message:
        """Answer a whole request."""
        if len(request.payload) > self._bounds.payload_bytes:
            raise error.RequestEntityTooLarge(f"At most {self._bounds.payload_bytes} bytes are read.")
        try:
            answer = await super().render(request)
        except DevicesError as fault:
            answer = answer_to(fault)
        return answer


class _BoundedSpool(Block1Spool):  # type: ignore[misc]  # aiocoap is untyped
    def __init__(self, bounds: CoapBounds) -> None:
        super().__init__()
        self._bounds = bounds

    def feed_and_take(self, req: Any) -> Any:
        """Put blocks together; refuse what becomes too long, or one assembly too many."""
        block = req.opt.block1
        if block is not None:
            self._check(block, len(req.payload))
        return super().feed_and_take(req)

    def _check(self, block: Any, size: int) -> None:
        if block.start + size > self._bounds.payload_bytes:
            raise error.RequestEntityTooLarge(f"At most {self._bounds.payload_bytes} bytes are read.")
        if block.block_number == 0 and block.more and len(self._assemblies._items) >= self._bounds.assemblies:  # noqa: SLF001 - aiocoap does not count them
            raise error.ServiceUnavailable("Too many messages are on their way in blocks: try again later.")

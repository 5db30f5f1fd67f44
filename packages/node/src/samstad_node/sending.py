"""Sends entities to a node over its HTTP API: what the demo and the import do, as anybody outside could.

The commands run step by step, so each request runs the client's event loop until its answer is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from samstad_ngsild.client import (
    Client,
    ClientError,
    HttpTransport,
    Overloaded,
    Unreachable,
    Unreadable,
)
from samstad_ngsild.client import Refused as OtherProblem
from samstad_ngsild.errors import NgsiLdError

__all__ = ["NodeApi", "NotReachable", "Refused"]

_T = TypeVar("_T")


class NotReachable(Exception):
    """The node did not answer, or answered that it cannot now (5xx, 429)."""


class Refused(Exception):
    """The node did not take the request; the sentence is its own, with the status."""


class NodeApi:
    """A client of one node for programs without an event loop; connections that break are made anew.

    Args:
        url: of the node, as ``http://127.0.0.1:8080``.
        key: an API key; empty for a node without login.
        tenant: the data set; empty for the default one.
        context: URL of the @context for bodies without one of their own.

    Raises:
        ValueError: the URL is none of http or https.
    """

    def __init__(self, url: str, *, key: str = "", tenant: str = "", context: str = "") -> None:
        headers = {"X-API-Key": key} if key else {}
        self._transport = HttpTransport(url if "://" in url else f"http://{url}", credentials=lambda: headers)
        self._client = Client(self._transport, context=context, tenant=tenant)
        self._runner = asyncio.Runner()

    def upsert(self, entities: Sequence[dict[str, Any]], *, update: bool = False) -> list[tuple[str, str]]:
        """Create or replace a batch (clause 5.6.8) and return (id, reason) of each refused entity.

        Args:
            entities: in any representation that the API takes.
            update: leave attributes that are not sent as they are.

        Raises:
            NotReachable: nothing, or not everything, may have been written.
            Refused: the batch as a whole was not taken.
        """
        outcome = self._done(self._client.upsert(entities, update=update))
        return [(one.entity_id, str(one.error)) for one in outcome.failed]

    def update_attributes(self, entity_id: str, fragment: dict[str, Any]) -> None:
        """Change attributes of one entity (clause 5.6.2); raises as ``upsert`` does."""
        self._done(self._client.update(entity_id, fragment))

    def close(self) -> None:
        """End the connections."""
        self._runner.run(self._transport.close())
        self._runner.close()

    def _done(self, asked: Coroutine[Any, Any, _T]) -> _T:
        try:
            return self._runner.run(asked)
        except (Unreachable, Overloaded, Unreadable) as error:
            raise NotReachable(error.detail) from error
        except (ClientError, NgsiLdError) as error:
            status = getattr(error, "status", 400)
            if status >= 500 and isinstance(error, (OtherProblem, NgsiLdError)):
                raise NotReachable(error.detail) from error
            raise Refused(f"{status}: {error.detail}") from error

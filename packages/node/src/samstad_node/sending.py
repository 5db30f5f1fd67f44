"""Sends entities to a node over its HTTP API: what the demo and the import do, as anybody outside could."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

__all__ = ["Answer", "NodeApi", "NotReachable", "Refused"]

LD_JSON = "application/ld+json"
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_NO_ANSWER = (OSError, http.client.HTTPException)


class NotReachable(Exception):
    """The node did not answer, or answered that it cannot now (5xx, 429)."""


class Refused(Exception):
    """The node did not take the request; the sentence is its own, with the status."""


class Answer:
    """What came back: the status and the parsed body, None when there was none."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body

    @property
    def detail(self) -> str:
        """The sentence of the problem details, else the status alone."""
        if isinstance(self.body, dict):
            return str(self.body.get("detail") or self.body.get("title") or self.status)
        return f"status {self.status}"


class NodeApi:
    """One connection to one node, made anew when it breaks.

    Args:
        url: of the node, as ``http://127.0.0.1:8080``.
        key: an API key; empty for a node without login.
        tenant: the data set; empty for the default one.
        context: URL of the @context for bodies without one of their own.
        timeout_s: how long one answer may take.
    """

    def __init__(
        self, url: str, *, key: str = "", tenant: str = "", context: str = "", timeout_s: float = 30.0
    ) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https URL")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._root = parts.path.rstrip("/") + "/ngsi-ld/v1"
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_s)
        self._headers = {"Accept": "application/json"}
        if key:
            self._headers["X-API-Key"] = key
        if tenant:
            self._headers["NGSILD-Tenant"] = tenant
        self._link = _LINK.format(context) if context else ""

    def upsert(self, entities: Sequence[dict[str, Any]], *, update: bool = False) -> list[tuple[str, str]]:
        """Create or replace a batch (clause 5.6.8) and return (id, reason) of each refused entity.

        Args:
            entities: in any representation that the API takes.
            update: leave attributes that are not sent as they are.

        Raises:
            NotReachable: nothing, or not everything, may have been written.
            Refused: the batch as a whole was not taken.
        """
        query = "?options=update" if update else ""
        answer = self.ask("POST", f"/entityOperations/upsert{query}", entities)
        if answer.status == 207:
            return [_failed(one) for one in answer.body.get("errors", ())]
        return self._taken(answer)

    def update_attributes(self, entity_id: str, fragment: dict[str, Any]) -> None:
        """Change attributes of one entity (clause 5.6.2); raises as ``upsert`` does."""
        self._taken(self.ask("PATCH", f"/entities/{quote(entity_id, safe='')}/attrs", fragment))

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request below the root of the API; a connection that the node closed is made anew once.

        Raises:
            NotReachable: no whole answer came.
        """
        content = None if body is None else orjson.dumps(body)
        headers = self._headers_for(body)
        try:
            return self._once(method, path, content, headers)
        except _NO_ANSWER:
            self.close()
        try:
            return self._once(method, path, content, headers)
        except _NO_ANSWER as error:
            self.close()
            raise NotReachable(f"{self._connection.host} port {self._connection.port}: {error}") from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _headers_for(self, body: Any) -> dict[str, str]:
        """Clause 6.3.5: the @context stands in a Link header, or in the body and then as JSON-LD."""
        first = body[0] if isinstance(body, list) and body else body
        if isinstance(first, dict) and "@context" in first:
            return {**self._headers, "Content-Type": LD_JSON}
        link = {"Link": self._link} if self._link else {}
        return {**self._headers, **link, **({} if body is None else {"Content-Type": "application/json"})}

    def _once(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        self._connection.request(method, self._root + path, content, headers)
        response = self._connection.getresponse()
        read = response.read()
        try:
            return Answer(response.status, orjson.loads(read) if read else None)
        except orjson.JSONDecodeError:
            return Answer(response.status, None)

    def _taken(self, answer: Answer) -> list[tuple[str, str]]:
        if answer.status < 300:
            return []
        if answer.status >= 500 or answer.status == 429:
            raise NotReachable(answer.detail)
        raise Refused(f"{answer.status}: {answer.detail}")


def _failed(entry: dict[str, Any]) -> tuple[str, str]:
    """Read a BatchEntityError (clause 5.2.17)."""
    error = entry.get("error") or {}
    return str(entry.get("entityId", "")), str(error.get("detail") or error.get("title") or "refused")

"""Writes sent to sources, each share to its own, at once (clauses 5.6, 6.3.17).

A share is sent once: what may have been carried out is never sent again, and a client that repeats a write
repeats all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from samstad_broker.spi.forwarder import Asked, Result, Sending, Share, Source
from samstad_federation.domain.asking import renamed_types, renaming
from samstad_federation.domain.division import renamed_attribute, renamed_body
from samstad_federation.service.contacts import Contacts, Fate
from samstad_federation.service.naming import Resolve, link_header, names_for, wish
from samstad_federation.spi.wire import Sent
from samstad_ngsild.context import CORE, Context
from samstad_ngsild.entities.older_versions import conform, parse_version
from samstad_ngsild.errors import NgsiLdError

__all__ = ["Writing"]

JSON = "application/json"
LD_JSON = "application/ld+json"


class Writing:
    """Sends shares of writes.

    Args:
        contacts: sends requests.
        resolve: finds the @contexts of registrations.
    """

    def __init__(self, contacts: Contacts, resolve: Resolve) -> None:
        self._contacts = contacts
        self._resolve = resolve

    async def send(self, asked: Asked, shares: Sequence[tuple[Share, Sending]]) -> list[Result]:
        """Send shares and return what came of each, in their order."""
        return await asyncio.gather(*(self._one(asked, share, sending) for share, sending in shares))

    async def _one(self, asked: Asked, share: Share, sending: Sending) -> Result:
        source = share.match.source
        if not share.is_supported:
            return Result(share, 409, detail=f"{source.id} does not support the operation.")
        try:
            context = await names_for(source, asked, self._resolve)
        except NgsiLdError as error:
            return Result(share, 502, detail=error.detail)
        sent = _sent(asked, share, sending, context)
        outcome = await self._contacts.ask(asked, source, sent)
        if outcome.reply is None:
            status = 504 if outcome.fate in (Fate.TIMED_OUT, Fate.RESTING) else 502
            return Result(share, status, detail=f"{source.id}: {outcome.detail}.")
        content = _content(outcome.reply.body)
        detail = "" if outcome.reply.status < 300 else _detail(source, outcome.reply.status, content)
        return Result(share, outcome.reply.status, content, detail)


def _sent(asked: Asked, share: Share, sending: Sending, context: Context) -> Sent:
    url = _url(asked, share, sending, context)
    headers = {"Accept": JSON}
    if share.body is None:
        return Sent(sending.method, url, {**headers, "Link": link_header(context)})
    source = share.match.source
    body = _conformed(share.body, wish(source, "ngsildConformance"), whole=sending.attribute is None)
    media_type = wish(source, "contentType")
    if wish(source, "jsonldContext") is None:
        if context is CORE and asked.context.key != CORE.key and media_type != JSON:
            # An @context that stands nowhere on the web goes along with the content.
            return _with_context(sending, url, headers, body, asked.context)
        if media_type == LD_JSON:
            return _with_context(sending, url, headers, body, context)
    if context.key != asked.context.key:
        rename = renaming(asked.context, context)
        if isinstance(body, list):
            body = [renamed_body(one, rename) if isinstance(one, dict) else one for one in body]
        else:
            body = (renamed_body if sending.attribute is None else renamed_attribute)(body, rename)
    headers |= {"Link": link_header(context), "Content-Type": JSON}
    return Sent(sending.method, url, headers, orjson.dumps(body))


def _url(asked: Asked, share: Share, sending: Sending, context: Context) -> str:
    parameters = dict(sending.parameters)
    if share.match.source.local_only:
        parameters["local"] = "true"
    if "type" in parameters:
        parameters["type"] = renamed_types(parameters["type"], renaming(asked.context, context))
    url = sending.path
    if sending.attribute is not None:
        url += "/" + quote(context.compact(sending.attribute), safe=":")
    return url + ("?" + urlencode(parameters, quote_via=quote, safe=":,/") if parameters else "")


def _with_context(
    sending: Sending, url: str, headers: Mapping[str, str], body: Any, context: Context
) -> Sent:
    """Return a request whose content holds its @context; ids of a batch deletion need none."""
    inside = {"@context": context.output}
    if isinstance(body, list):
        body = [{**one, **inside} if isinstance(one, dict) else one for one in body]
    else:
        body = {**body, **inside}
    return Sent(sending.method, url, {**headers, "Content-Type": LD_JSON}, orjson.dumps(body))


def _conformed(body: Any, wanted: str | None, *, whole: bool) -> Any:
    """Return content as the version of NGSI-LD knows it that a source speaks (clause 4.3.6.8)."""
    version = None if wanted is None else parse_version(wanted)
    if version is None:
        return body
    if isinstance(body, list):
        return [conform(one, version) if isinstance(one, dict) else one for one in body]
    return conform(body, version) if whole else conform({"attribute": body}, version)["attribute"]


def _content(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None


def _detail(source: Source, status: int, content: Any) -> str:
    told = content.get("detail") or content.get("title") if isinstance(content, dict) else None
    return f"{source.id} answered with status {status}" + (f": {str(told)[:500]}" if told else ".")

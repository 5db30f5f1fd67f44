"""Webhooks: one POST of JSON for each message; redirects are not followed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
import orjson

from samstad_models.alerts import SEVERITIES
from samstad_operations.domain.book import Contact
from samstad_operations.domain.errors import NotSent
from samstad_operations.gateway.egress import Egress, EgressDenied, OpenResolver
from samstad_operations.spi.keeping import Message

__all__ = ["Webhook"]


class Webhook:
    """Fills the Way port.

    Args:
        egress: where it may go.
        secrets: what the header of a contact carries, by the contact's secret file.
        timeout_s: of a whole request.
    """

    def __init__(self, egress: Egress, secrets: Mapping[str, str], *, timeout_s: float = 15.0) -> None:
        self._egress = egress
        self._secrets = secrets
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    def place(self, contact: Contact) -> str:
        """Return the scheme, host and port."""
        parts = urlsplit(contact.webhook)
        return f"{parts.scheme}://{parts.netloc}"

    async def send(self, contact: Contact, message: Message) -> None:
        """Return when the other side has answered with 2xx."""
        place = self.place(contact)
        try:
            status = await self._post(contact, message)
        except EgressDenied as error:
            raise NotSent(str(error), is_away=True) from None
        except TimeoutError:
            raise NotSent(f"{place} did not answer in time.", is_away=True) from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            # Not the error's own text: it may hold the address with what it carries.
            raise NotSent(_why(place, error), is_away=True) from None
        if not 200 <= status < 300:
            raise NotSent(f"{place} answered {status}.")

    async def _post(self, contact: Contact, message: Message) -> int:
        self._check_literal(contact.webhook)
        headers = {
            "Content-Type": "application/json",
            # The same over repeats, by which the other side can drop the second one.
            "Idempotency-Key": f"{message.made_us}-{message.id}",
        }
        if contact.secret_header:
            headers[contact.secret_header] = self._secrets[contact.secret_file]
        connector = aiohttp.TCPConnector(resolver=OpenResolver(self._egress), use_dns_cache=False)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=False) as session,
            session.post(
                contact.webhook, data=_body(message), headers=headers, allow_redirects=False
            ) as answer,
        ):
            return answer.status

    def _check_literal(self, url: str) -> None:
        """Judge an address in numbers, which no resolver sees."""
        host = urlsplit(url).hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return
        self._egress.check(host, [host])


def _why(place: str, error: BaseException) -> str:
    inner = error.__cause__ or error
    return (
        str(inner) if isinstance(inner, EgressDenied) else f"{place} is not reached: {type(error).__name__}."
    )


def _body(message: Message) -> bytes:
    told = {
        "id": f"{message.made_us}-{message.id}",
        "rule": message.rule,
        "reason": message.reason,
        "contact": message.contact,
        "severity": SEVERITIES[message.severity],
        "count": message.count,
        "subject": message.subject,
        "text": message.text,
        "alerts": message.alerts,
    }
    return orjson.dumps(told)

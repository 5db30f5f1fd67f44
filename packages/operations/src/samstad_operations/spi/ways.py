"""The Way port: how a message reaches somebody."""

from __future__ import annotations

from typing import Protocol

from samstad_operations.domain.book import Contact
from samstad_operations.spi.keeping import Message

__all__ = ["Way"]


class Way(Protocol):
    """E-mail, or a webhook."""

    def place(self, contact: Contact) -> str:
        """Return what several messages depend on, such as a host: when it is away, all of them wait."""
        ...

    async def send(self, contact: Contact, message: Message) -> None:
        """Return when the other side has taken the message.

        Raises:
            NotSent: it has not, or did not say so in time; the text says why.
        """
        ...

"""E-mail by SMTP, one connection for each message; it runs in a thread."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

from samstad_operations.domain.book import Contact
from samstad_operations.domain.errors import NotSent
from samstad_operations.spi.keeping import Message

__all__ = ["Mail", "MailServer"]

_URGENT = 4
"""From this rank on a message is marked as urgent."""


class MailServer(NamedTuple):
    """Where mail is handed in.

    Attributes:
        security: starttls, tls or none.
        user: empty for none.
        sender: address of the sender.
        timeout_s: of each step.
        whole_s: of a whole message; a server that lets one wait must not hold up the webhooks.
    """

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = ""
    timeout_s: float = 15.0
    whole_s: float = 60.0


class Mail:
    """Fills the Way port.

    Args:
        server: where mail is handed in.
    """

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def place(self, contact: Contact) -> str:
        """Return the server: all mail depends on it."""
        del contact
        return f"smtp:{self._server.host}:{self._server.port}"

    async def send(self, contact: Contact, message: Message) -> None:
        """Return when the server has taken the message."""
        try:
            async with asyncio.timeout(self._server.whole_s):
                await asyncio.to_thread(self._send, contact, _mail(self._server, contact, message))
        except TimeoutError:
            told = f"{self._server.host} did not take the message within {self._server.whole_s:g} s."
            raise NotSent(told, is_away=True) from None

    def _send(self, contact: Contact, mail: EmailMessage) -> None:
        try:
            with self._connect() as connection:
                if self._server.user:
                    connection.login(self._server.user, self._server.password)
                connection.send_message(mail, self._server.sender, [contact.email])
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            # Not the address itself: answers are shown to everybody who may read alerts.
            raise NotSent(f"The mail server refuses the message: {_code(error)}.") from None
        except smtplib.SMTPException as error:
            raise NotSent(
                f"The mail server refuses: {type(error).__name__} {_code(error)}.", is_away=True
            ) from None
        except (OSError, ssl.SSLError) as error:
            raise NotSent(
                f"{self._server.host}:{self._server.port} is not reached: {error}. "
                "Check operations.smtp_host and smtp_security.",
                is_away=True,
            ) from None

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            tls = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=tls)
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        if server.security == "starttls":
            try:
                connection.starttls(context=ssl.create_default_context())
            except BaseException:
                connection.close()
                raise
        return connection


def _mail(server: MailServer, contact: Contact, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = server.sender
    mail["To"] = contact.email
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.made_us // 1_000_000, UTC))
    # The same over repeats, by which a mailbox can drop the second one.
    mail["Message-ID"] = f"<{message.made_us}.{message.id}.{message.way}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.severity >= _URGENT:
        mail["Importance"] = "high"
    mail.set_content(message.text)
    return mail


def _code(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ", ".join(str(code) for code, _ in error.recipients.values())
    return str(getattr(error, "smtp_code", ""))

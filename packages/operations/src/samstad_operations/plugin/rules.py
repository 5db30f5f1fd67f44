"""Reads the rules, the secrets and the settings of mail; whatever is wrong stops the start with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from samstad_operations.domain.book import EMAIL, WEBHOOK, Book
from samstad_operations.domain.errors import RulesRefused
from samstad_operations.domain.reading import read_book
from samstad_operations.gateway.egress import Egress
from samstad_operations.gateway.mail import Mail, MailServer
from samstad_operations.gateway.webhook import Webhook
from samstad_operations.settings import OperationsSettings
from samstad_operations.spi.ways import Way
from samstad_plugin import CannotStart

__all__ = ["load_book", "load_ways"]


def load_book(settings: OperationsSettings) -> Book:
    """Return the rules; without a file there are none.

    Raises:
        CannotStart: the file cannot be read or followed.
    """
    if not settings.rules_file:
        return Book(ZoneInfo("UTC"), {}, {}, {})
    todo = f"Mend {settings.rules_file}, or empty operations.rules_file."
    try:
        return read_book(tomllib.loads(Path(settings.rules_file).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise CannotStart(f"operations.rules_file cannot be read: {error}.", todo=todo) from error
    except RulesRefused as error:
        raise CannotStart(f"operations.rules_file: {error}", todo=todo) from error


def load_ways(settings: OperationsSettings, book: Book) -> dict[str, Way]:
    """Return the ways to people.

    Raises:
        CannotStart: a secret cannot be read, or a contact has an address of e-mail and there is no server.
    """
    try:
        egress = Egress(settings.allow_networks)
    except ValueError as error:
        raise CannotStart(
            f"operations.allow_networks: {error}.", todo="Write networks as 10.0.0.0/8."
        ) from error
    ways: dict[str, Way] = {WEBHOOK: Webhook(egress, _secrets(book))}
    if any(contact.email for contact in book.contacts.values()):
        ways[EMAIL] = Mail(_server(settings))
    return ways


def _server(settings: OperationsSettings) -> MailServer:
    for key in ("smtp_host", "sender"):
        if not getattr(settings, key):
            raise CannotStart(
                f"operations.{key} is empty, and a contact is told by e-mail.", todo=f"Set operations.{key}."
            )
    if "@" not in settings.sender.strip("@"):
        raise CannotStart("operations.sender is no address of e-mail.", todo="Set operations.sender.")
    file = settings.smtp_password_file
    if bool(settings.smtp_user) != bool(file):
        raise CannotStart(
            "operations.smtp_user and smtp_password_file go together: one of them is empty.",
            todo="Set both, or empty both.",
        )
    if file and settings.smtp_security == "none":
        raise CannotStart(
            "operations.smtp_security is none, and a password would travel in clear text.",
            todo="Set operations.smtp_security to starttls or tls, or empty smtp_user.",
        )
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        sender=settings.sender,
        user=settings.smtp_user,
        password=_secret("operations.smtp_password_file", file) if file else "",
    )


def _secrets(book: Book) -> Mapping[str, str]:
    return {
        contact.secret_file: _secret(f"contacts.{name}.secret_file", contact.secret_file)
        for name, contact in book.contacts.items()
        if contact.secret_file
    }


def _secret(key: str, file: str) -> str:
    try:
        text = Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise CannotStart(f"{key} cannot be read: {error}.", todo="Let the node read that file.") from error
    if not text or not text.isprintable():
        raise CannotStart(f"{key}: the file must hold one line that is not empty.", todo="Mend that file.")
    return text

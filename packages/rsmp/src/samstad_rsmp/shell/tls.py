"""TLS 1.3 with certificates on both ends (Core 3.2.2, security)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

__all__ = ["client_context", "names_of", "server_context"]


def server_context(*, certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Return the context of a supervisor, which asks every site for its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _prepared(context, certificate, key, authority)


def client_context(
    *, certificate: Path, key: Path, authority: Path, check_hostname: bool = True
) -> ssl.SSLContext:
    """Return the context of a site; the supervisor's name is checked unless said otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_hostname
    return _prepared(context, certificate, key, authority)


def _prepared(context: ssl.SSLContext, certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    return context


def names_of(certificate: dict[str, Any] | None) -> frozenset[str]:
    """Return whom a peer's certificate names: its common names and alternative names."""
    if not certificate:
        return frozenset()
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    common = [value for key, value in subject if key == "commonName"]
    return frozenset([*common, *(value for _, value in certificate.get("subjectAltName", ()))])

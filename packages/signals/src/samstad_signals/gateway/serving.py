"""How the supervisor serves: in the clear on a closed network, or with TLS and names in certificates."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from samstad_rsmp.shell.server import ServerTerms
from samstad_rsmp.shell.tls import server_context

__all__ = ["TlsFiles", "server_terms"]


class TlsFiles(NamedTuple):
    """Certificate, key, and the authority that signs controllers' certificates; PEM."""

    certificate: Path
    key: Path
    authority: Path


def server_terms(files: TlsFiles | None) -> ServerTerms:
    """Return the terms; with TLS a controller may only have an id that its certificate names.

    Raises:
        OSError, SSLError: the files cannot be used.
    """
    if files is None:
        return ServerTerms()
    context = server_context(certificate=files.certificate, key=files.key, authority=files.authority)
    return ServerTerms(tls=context, by_certificate=True)

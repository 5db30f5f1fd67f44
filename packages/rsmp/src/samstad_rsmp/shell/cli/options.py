"""Options that several commands share: where to listen, who is served, and certificates."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from samstad_rsmp.session.link import Identity, Timing
from samstad_rsmp.shell.cli.exits import CommandFailed, Exit
from samstad_rsmp.shell.server import DEFAULT_PORT, ServerTerms
from samstad_rsmp.shell.tls import client_context, server_context
from samstad_rsmp.sxl.rows import DRAFT, SXL_VERSIONS
from samstad_rsmp.versions import CORE_VERSIONS

__all__ = ["Certificates", "Listening", "checked_versions", "client_tls"]


@Parameter(name="*")
@dataclass(frozen=True)
class Certificates:
    """TLS 1.3 with certificates on both ends; all three or none.

    Attributes:
        certificate: Our certificate (PEM).
        key: Its private key (PEM).
        authority: The authority that signed the peer's certificate (PEM).
    """

    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None

    def server(self) -> ssl.SSLContext | None:
        """Return the context of a supervisor, None for plain TCP."""
        if not self._are_given():
            return None
        try:
            return server_context(**self._paths())
        except (OSError, ssl.SSLError) as error:
            raise _unusable(error) from None

    def _are_given(self) -> bool:
        given = [one for one in (self.certificate, self.key, self.authority) if one is not None]
        if given and len(given) < 3:
            raise CommandFailed(
                "--certificate, --key and --authority go together", code=Exit.USAGE, todo="give all three"
            )
        return bool(given)

    def _paths(self) -> dict[str, Path]:
        pairs = {"certificate": self.certificate, "key": self.key, "authority": self.authority}
        return {name: path for name, path in pairs.items() if path is not None}


def client_tls(certificates: Certificates) -> ssl.SSLContext | None:
    """Return the context of a site, None for plain TCP."""
    if not certificates._are_given():  # noqa: SLF001  # its own module
        return None
    try:
        paths = certificates._paths()  # noqa: SLF001
        return client_context(
            certificate=paths["certificate"], key=paths["key"], authority=paths["authority"]
        )
    except (OSError, ssl.SSLError) as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> CommandFailed:
    return CommandFailed(f"the certificates cannot be used: {error}", code=Exit.SETTINGS)


@Parameter(name="*")
@dataclass(frozen=True)
class Listening:
    """Where a supervisor listens, and whom it serves.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
        serve: A site id that is served, as often as needed; any without it.
        draft: Accept sites with the draft 1.3.0 of the signal exchange list too.
        by_certificate: A site may only have an id that its certificate names.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    serve: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    draft: Annotated[bool, Parameter(negative="")] = False
    by_certificate: Annotated[bool, Parameter(negative="")] = False

    def terms(self, certificates: Certificates) -> ServerTerms:
        """Return how the supervisor serves."""
        if not 0 <= self.port <= 65535:
            raise CommandFailed(f"there is no port {self.port}, only 0 to 65535", code=Exit.USAGE)
        sxls = (*reversed(SXL_VERSIONS), *([DRAFT] if self.draft else []))
        identity = Identity(self.serve, sxls)
        tls = certificates.server()
        if self.by_certificate and tls is None:
            raise CommandFailed("--by-certificate needs certificates", code=Exit.USAGE)
        return ServerTerms(identity=identity, tls=tls, by_certificate=self.by_certificate, timing=Timing())


def checked_versions(core: tuple[str, ...], sxl: str, *, draft: bool = False) -> tuple[tuple[str, ...], str]:
    """Return versions that are known; CommandFailed names the first that is not."""
    wrong = next((one for one in core if one not in CORE_VERSIONS), None)
    if wrong is not None:
        known = ", ".join(CORE_VERSIONS)
        raise CommandFailed(f"RSMP {wrong} is not spoken, only {known}", code=Exit.USAGE)
    if sxl == DRAFT and not draft:
        todo = "say --draft if you mean it"
        raise CommandFailed(f"SXL {sxl} is a draft and may change", code=Exit.USAGE, todo=todo)
    if sxl not in {*SXL_VERSIONS, DRAFT}:
        raise CommandFailed(f"SXL {sxl} is not known, only {', '.join(SXL_VERSIONS)}", code=Exit.USAGE)
    return core or tuple(CORE_VERSIONS), sxl

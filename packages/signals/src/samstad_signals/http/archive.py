"""The archive of controllers' parameters: versions, contents, differences."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from samstad_signals.domain.parameters import difference
from samstad_signals.errors import RequestRefused
from samstad_signals.http.bodies import answer
from samstad_signals.mapping import iso_text
from samstad_signals.service.archive import Archive
from samstad_signals.service.fleet import Fleet

__all__ = ["ArchiveDesk"]


class ArchiveDesk:
    """The endpoints of the archive.

    Args:
        fleet: the junctions.
        archive: their versions.
    """

    def __init__(self, fleet: Fleet, archive: Archive) -> None:
        self._fleet = fleet
        self._archive = archive

    async def versions(self, request: Request) -> Response:
        """Show the versions of a junction's parameters, oldest first, and which one holds."""
        junction = self._fleet.junction(request.path_params["site"])
        found = [
            {
                "checksum": one.checksum,
                "taken": iso_text(one.taken_us),
                "version": one.version,
                "bytes": len(one.content),
                "holds": one.checksum == junction.state.checksum,
            }
            for one in self._archive.versions(junction.site_id)
        ]
        return answer({"checksum": junction.state.checksum, "versions": found})

    async def content(self, request: Request) -> Response:
        """Give the content of one version as the controller gave it."""
        parameters = request.path_params
        found = self._archive.version(parameters["site"], parameters["checksum"])
        return Response(found.content, media_type="application/octet-stream")

    async def difference(self, request: Request) -> Response:
        """Show how two versions differ: ``from`` and ``to`` are checksums."""
        site_id = request.path_params["site"]
        asked = [request.query_params.get(name, "") for name in ("from", "to")]
        if not all(asked):
            raise RequestRefused("Say which versions: from and to are checksums.")
        before, after = (self._archive.version(site_id, checksum) for checksum in asked)
        found = difference(before, after)
        return answer({"same": found.same, "lines": found.lines})

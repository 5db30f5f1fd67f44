"""The built web part: files and nothing else, under a policy that lets no script of anybody else in."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from samstad_console.http.asked import Unknown
from samstad_console.service.texts import texts
from samstad_console.settings import ConsoleSettings
from samstad_plugin.service import Endpoint, OwnCheck

__all__ = ["Pages"]

_OPEN = OwnCheck(
    "files of the console, the same for everybody; what they show they ask for with the caller's rights"
)
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>samstad</title>
<main><h1>The console is not built</h1>
<p>Its web part is made by <code>make setup</code> where Node.js 20 or newer is installed.
Everything else of the node works without.</p></main></html>
"""


class Pages:
    """Serves what ``npm run build`` made.

    Args:
        directory: of the built files.
        settings: of the console.
    """

    def __init__(self, directory: Path, settings: ConsoleSettings) -> None:
        self._directory = directory
        self._settings = settings
        self._files = {
            str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()
        }
        self._headers = {
            "Content-Security-Policy": _policy(settings.base_map),
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    @property
    def built(self) -> bool:
        """Whether there is a web part."""
        return "index.html" in self._files

    def endpoints(self) -> list[Endpoint]:
        """Return them."""
        return [
            Endpoint("GET", "/app/", self.index, _OPEN),
            Endpoint("GET", "/app/words", self.words, _OPEN),
            Endpoint("GET", "/app/{path:path}", self.file, _OPEN),
        ]

    async def index(self, _: Request) -> Response:
        """Answer the page."""
        if not self.built:
            return Response(_NOT_BUILT, 503, media_type="text/html", headers=self._headers)
        headers = {**self._headers, "Cache-Control": "no-cache"}
        return FileResponse(self._files["index.html"], media_type="text/html", headers=headers)

    async def file(self, request: Request) -> Response:
        """Answer a script, a style or a picture; their names change with their content."""
        path = self._files.get(request.path_params["path"])
        if path is None:
            raise Unknown(f"{request.path_params['path'][:200]} is no file of the console.")
        kind = "text/javascript" if path.suffix in {".js", ".mjs"} else mimetypes.guess_type(path.name)[0]
        kept = "public, max-age=31536000, immutable" if path.parent.name == "assets" else "no-cache"
        return FileResponse(path, media_type=kind, headers={**self._headers, "Cache-Control": kept})

    async def words(self, _: Request) -> Response:
        """Answer what the page says and how things look: texts of both languages, models, settings."""
        settings = self._settings
        body = {
            **texts(),
            "staleHours": settings.stale_hours,
            "baseMap": settings.base_map,
            "baseMapCredit": settings.base_map_credit,
        }
        return Response(
            orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-cache"}
        )


def _policy(base_map: str) -> str:
    origin = ""
    if base_map:
        parts = urlsplit(base_map)
        origin = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; manifest-src 'self'; "
        f"connect-src 'self'{origin}; img-src 'self' data: blob:{origin}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

"""The frame of the node's own pages: no inline script or style, nothing from elsewhere."""

from __future__ import annotations

from html import escape

__all__ = ["STATIC", "page"]

STATIC = "/static"

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · samstad</title>
<link rel="stylesheet" href="/static/samstad.css">
{head}</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header><a href="/">samstad</a>
<nav aria-label="Main"><a href="/">Live</a> <a href="/models">Models</a></nav></header>
<main id="main">{body}</main>
</body>
</html>
"""


def page(title: str, body: str, *, script: str | None = None) -> bytes:
    """Return a whole page; ``body`` is HTML that is escaped already."""
    head = "" if script is None else f'<script type="module" src="{escape(script, quote=True)}"></script>\n'
    return _FRAME.format(title=escape(title), body=body, head=head).encode()

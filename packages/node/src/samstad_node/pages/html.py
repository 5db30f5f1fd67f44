"""The frame of every page: accessible, in two languages, no inline script."""

from __future__ import annotations

from html import escape

__all__ = ["login_page", "page", "start_page"]

_WORDS = {
    "sv": {
        "skip": "Hoppa till innehållet",
        "other": "In English",
        "start": "Start",
        "models": "Modeller",
        "api": "API",
        "menu": "Huvudmeny",
        "title": "Staden just nu",
        "about": "Den här noden håller stadens gemensamma data, enligt NGSI-LD.",
        "key": "API-nyckel",
        "key help": "Nyckeln visas när noden startas i demoläge. Den skickas bara till den här noden.",
        "show": "Visa",
        "types": "Typ",
        "entities": "Entiteter",
        "id": "Id",
        "name": "Namn",
        "values": "Värden",
        "time": "Tid",
        "live": "Ändringar just nu",
        "no script": "Sidan behöver JavaScript för att visa data; API:et fungerar utan.",
        "pause": "Pausa",
        "log in": "Logga in först",
        "how": "Den som sköter noden kan ge dig en inloggningslänk. Den öppnas en gång, inom femton minuter.",
    },
    "en": {
        "skip": "Skip to the content",
        "other": "På svenska",
        "start": "Start",
        "models": "Models",
        "api": "API",
        "menu": "Main menu",
        "title": "The city right now",
        "about": "This node keeps the city's shared data, by NGSI-LD.",
        "key": "API key",
        "key help": "The key is shown when the node starts in demo mode. It is sent to this node alone.",
        "show": "Show",
        "types": "Type",
        "entities": "Entities",
        "id": "Id",
        "name": "Name",
        "values": "Values",
        "time": "Time",
        "live": "Changes right now",
        "no script": "The page needs JavaScript to show data; the API works without.",
        "pause": "Pause",
        "log in": "Log in first",
        "how": "Whoever runs the node can give you a login link. It opens once, within fifteen minutes.",
    },
}


def page(title: str, body: str, *, language: str, path: str, script: str = "") -> str:
    """Return a whole page.

    Args:
        title: as text.
        body: as HTML.
        language: ``sv`` or ``en``.
        path: of this page, for the link to the other language.
        script: URL of a module to load; empty for none.
    """
    words = _WORDS[language]
    other = "en" if language == "sv" else "sv"
    module = f'<script type="module" src="{escape(script)}"></script>\n' if script else ""
    links = (("/", words["start"]), ("/models", words["models"]), ("/api", words["api"]))
    menu = "".join(f'<li><a href="{href}?lang={language}">{escape(text)}</a></li>' for href, text in links)
    switch = f'<a href="{escape(path)}?lang={other}" hreflang="{other}" lang="{other}">{words["other"]}</a>'
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · samstad</title>
<link rel="stylesheet" href="/static/pages.css">
{module}</head>
<body>
<a class="skip" href="#main">{words["skip"]}</a>
<header><nav aria-label="{words["menu"]}"><ul>{menu}<li>{switch}</li></ul></nav></header>
<main id="main">
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""


def start_page(*, language: str) -> str:
    """Return the page that shows entities and live changes; ``live.js`` fills it."""
    words = _WORDS[language]
    body = f"""<p>{words["about"]}</p>
<noscript><p>{words["no script"]}</p></noscript>
<form id="login">
<label for="key">{words["key"]}</label>
<input id="key" type="password" autocomplete="off" aria-describedby="key-help">
<label for="type">{words["types"]}</label>
<select id="type"></select>
<button type="submit">{words["show"]}</button>
<p id="key-help">{words["key help"]}</p>
</form>
<p id="status" role="status"></p>
{_table("entities", words["entities"], (words["id"], words["name"], words["values"]))}
<p><button type="button" id="pause" aria-pressed="false">{words["pause"]}</button></p>
{_table("changes", words["live"], (words["time"], words["id"], words["values"]))}"""
    return page(words["title"], body, language=language, path="/", script="/static/live.js")


def login_page(*, language: str) -> str:
    """Return the page for somebody who is not logged in."""
    words = _WORDS[language]
    return page(words["log in"], f"<p>{words['how']}</p>", language=language, path="/")


def _table(name: str, caption: str, heads: tuple[str, ...]) -> str:
    row = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0"><table id="{name}">'
        f"<caption>{caption}</caption><thead><tr>{row}</tr></thead><tbody></tbody></table></div>"
    )

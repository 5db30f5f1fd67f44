"""The page of the latest writes that broke a model: for people as HTML, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, NamedTuple

from samstad_ngsild.entities.dates import iso
from samstad_node.pages.html import page

__all__ = ["NotedBreach", "breaches_json", "breaches_page"]

_WORDS = {
    "sv": {
        "title": "Avvikelser från modellerna",
        "about": "De senaste skrivningarna av entiteter som inte följer modellen för sin typ.",
        "none": "Inga avvikelser sedan noden startade, eller inga som du får se.",
        "heads": ("Tid", "Tenant", "Id", "Följd", "Vad som är fel"),
        "refused": "avvisad",
        "warned": "släppt igenom",
    },
    "en": {
        "title": "Breaches of the models",
        "about": "The latest writes of entities that break the model of their type.",
        "none": "No breaches since the node started, or none that you may see.",
        "heads": ("Time", "Tenant", "Id", "Outcome", "What is wrong"),
        "refused": "refused",
        "warned": "let through",
    },
}


class NotedBreach(NamedTuple):
    """A write that broke a model, for people to read.

    Attributes:
        time_us: when, microseconds since 1970 UTC.
        tenant: where, the empty string for the default one.
        entity_id: of the entity.
        entity_types: its expanded types, by which it is decided who may read this.
        refused: whether the write was.
        problems: what was wrong, in the models' names.
    """

    time_us: int
    tenant: str
    entity_id: str
    entity_types: tuple[str, ...]
    refused: bool
    problems: tuple[str, ...]


def breaches_json(noted: Iterable[NotedBreach]) -> list[dict[str, Any]]:
    """Return the breaches as JSON, in the order in which they are given."""
    return [
        {
            "time": iso(one.time_us),
            "tenant": one.tenant,
            "entityId": one.entity_id,
            "entityTypes": list(one.entity_types),
            "outcome": "refused" if one.refused else "warned",
            "problems": list(one.problems),
        }
        for one in noted
    ]


def breaches_page(noted: Iterable[NotedBreach], *, language: str) -> str:
    """Return the page of the breaches, in the order in which they are given."""
    words: dict[str, Any] = _WORDS[language]
    rows = "".join(_row(one, words) for one in noted)
    heads = "".join(f'<th scope="col">{head}</th>' for head in words["heads"])
    table = (
        f'<div class="wide" role="region" aria-label="{words["title"]}" tabindex="0"><table>'
        f"<caption>{words['title']}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    nothing = f"<p>{words['none']}</p>"
    body = f"<p>{words['about']}</p>{table if rows else nothing}"
    return page(words["title"], body, language=language, path="/breaches")


def _row(one: NotedBreach, words: dict[str, Any]) -> str:
    outcome = words["refused" if one.refused else "warned"]
    problems = "<br>".join(map(escape, one.problems))
    cells = (
        escape(iso(one.time_us)),
        escape(one.tenant or "default"),
        escape(one.entity_id),
        outcome,
        problems,
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"

"""The reference pages of the documentation, written from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from samstad_models.catalogue import Attribute, Catalogue, EntityType
from samstad_models.commands import TRANSITIONS, Transition
from samstad_models.contexts import CITY, context_url
from samstad_models.diagrams import alert_diagram, command_diagram, suspension_diagram

__all__ = ["glossary_page", "models_page", "value_text"]

_GENERATED = (
    "<!-- Written by `python -m samstad_models.generate`; change the tables of packages/models instead. -->"
)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    heads = list(head)
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]


def _mermaid(diagram: str) -> list[str]:
    return ["```mermaid", diagram, "```", ""]


def value_text(attribute: Attribute) -> str:
    """Return in a few words what a value of the attribute looks like."""
    if attribute.shape == "reference":
        text = "→ " + (" or ".join(attribute.targets) or "any")
    elif attribute.shape == "value":
        text = f"{attribute.values} (may be extended)" if attribute.open_list else str(attribute.values)
    else:
        text = attribute.shape
    bounds = {"≥": attribute.minimum, ">": attribute.above, "≤": attribute.maximum}
    text += "".join(f" {sign} {bound:g}" for sign, bound in bounds.items() if bound is not None)
    return text + (", one or a list" if attribute.many else "")


def _attribute_row(attribute: Attribute) -> tuple[str, ...]:
    swedish, english = attribute.texts["sv"], attribute.texts["en"]
    return (
        f"`{attribute.name}`",
        attribute.kind,
        value_text(attribute),
        attribute.unit or "",
        attribute.need,
        attribute.privacy,
        swedish.label,
        f"{english.label}. {english.help}",
    )


def _type_section(entity_type: EntityType) -> list[str]:
    swedish, english = entity_type.texts["sv"], entity_type.texts["en"]
    origin = f"Names after {entity_type.standard}." if entity_type.standard else "Our own."
    head = ("attribute", "NGSI-LD type", "value", "unit", "need", "privacy", "svenska", "English")
    return [
        f"### {entity_type.name}",
        "",
        f"{english.help} ({swedish.label}: {swedish.help})",
        "",
        f"IRI `{entity_type.iri}`. {origin}",
        "",
        *_table(head, (_attribute_row(a) for a in entity_type.attributes)),
    ]


def _subject_sections(catalogue: Catalogue) -> list[str]:
    lines: list[str] = []
    for subject in catalogue.subjects.values():
        text = subject.texts["en"]
        lines += [f"## {text.label}", "", f"{text.help} @context: `{context_url(subject.name)}`", ""]
        for entity_type in catalogue.types.values():
            if entity_type.subject == subject.name:
                lines += _type_section(entity_type)
    return lines


def _transition_row(row: Transition) -> tuple[str, ...]:
    return (row.status, row.event, row.target, ", ".join(sorted(row.actors)), ", ".join(row.causes))


def _lives() -> list[str]:
    return [
        "## The life of a Command",
        "",
        *_mermaid(command_diagram()),
        *_table(
            ("status", "event", "becomes", "who causes it", "cause"),
            (_transition_row(r) for r in TRANSITIONS),
        ),
        "## The life of an Alert",
        "",
        "new = active and not acknowledged; beingHandled = active and acknowledged; goneUnseen =",
        "inactive and not acknowledged; closed = inactive and acknowledged. A `repeat` with a higher",
        "severity is a `worsen`.",
        "",
        *_mermaid(alert_diagram()),
        "Beside it, and independent of it, an alert may be silenced for a time:",
        "",
        *_mermaid(suspension_diagram()),
    ]


def _value_lists(catalogue: Catalogue) -> list[str]:
    lines = ["## Lists of values", ""]
    for name, values in catalogue.value_lists.items():
        rows = ((f"`{value}`", texts["sv"], texts["en"]) for value, texts in values.items())
        lines += [f"### {name}", "", *_table(("value", "svenska", "English"), rows)]
    return lines


def _units(catalogue: Catalogue) -> list[str]:
    rows = ((f"`{u.code}`", u.symbol, u.names["sv"], u.names["en"]) for u in catalogue.units.values())
    return ["## Units (UN/CEFACT)", "", *_table(("code", "symbol", "svenska", "English"), rows)]


def models_page(catalogue: Catalogue) -> str:
    """Return docs/reference/models.md."""
    lines = [
        "# Models",
        "",
        _GENERATED,
        "",
        f"{len(catalogue.types)} entity types in {len(catalogue.subjects)} subjects. Write with the",
        "@context of the subject; to read across subjects use",
        f"`{context_url(CITY)}`, in which a name that subjects use",
        "differently stands with its subject, as `parking:category`. How it fits together is told in",
        "[the city's information architecture](../explanation/information-architecture.md).",
        "",
        *_subject_sections(catalogue),
        *_lives(),
        *_value_lists(catalogue),
        *_units(catalogue),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def glossary_page(catalogue: Catalogue) -> str:
    """Return docs/reference/glossary.md."""
    rows = (
        (entry.words["sv"], entry.words["en"], f"`{entry.term}`", entry.standard, entry.notes["en"])
        for entry in catalogue.glossary
    )
    table = _table(("svenska", "English", "term in data", "from", "note"), rows)
    return "\n".join(["# Glossary", "", _GENERATED, "", *table]).rstrip("\n") + "\n"

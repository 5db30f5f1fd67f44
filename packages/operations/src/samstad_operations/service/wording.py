"""What a message says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from samstad_models.alerts import SEVERITIES
from samstad_operations.domain.incident import Incident, Member

__all__ = ["MOST_NAMED", "Worded", "word"]

MOST_NAMED = 20
"""So many alerts are named in one message; the others are counted."""
_LONGEST_SUBJECT = 150
_LONGEST_LINE = 500


class Worded(NamedTuple):
    """A message in words, and what it is about."""

    subject: str
    text: str
    severity: int
    alerts: tuple[str, ...]
    counted: int


def word(incident: Incident, reason: str, texts: Mapping[str, str], *, now_us: int) -> Worded:
    """Return what is told of an incident: the worst alerts first, what is suspended left out."""
    audible = [(name, one) for name, one in incident.members.items() if one.since_us <= now_us]
    audible.sort(key=lambda pair: (-pair[1].severity, pair[1].since_us, pair[0]))
    severity = max(one.severity for _, one in audible)
    count = len(audible)
    pattern = texts["one" if count == 1 else "many"]
    first = audible[0][1]
    what = first.text if count == 1 and first.text else first.kind or first.text or first.source
    subject = pattern.format(severity=texts[SEVERITIES[severity]], count=count, what=_line(what))
    lines = [_of(one, texts) for _, one in audible[:MOST_NAMED]]
    if count > MOST_NAMED:
        lines.append(texts["rest"].format(count=count - MOST_NAMED))
    text = "\n".join([texts[reason], "", *lines, "", texts["end"], ""])
    named = tuple(name for name, _ in audible[:MOST_NAMED])
    return Worded(_line(subject)[:_LONGEST_SUBJECT], text, severity, named, count)


def _of(one: Member, texts: Mapping[str, str]) -> str:
    words = " · ".join(part for part in (one.text or one.kind, one.source) if part)
    return f"- {texts[SEVERITIES[one.severity]]}: {_line(words)}"


def _line(text: str) -> str:
    """Return a text without line breaks and other characters that steer; a header cannot be forged by it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_LINE]

"""What a client says when it registers (Core, clause 6.2): its name, how long, which objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.lwm2m.values import SENML_CBOR, SENML_JSON, TLV

__all__ = ["MAX_LIFETIME_S", "MIN_LIFETIME_S", "Offer", "read_links", "read_offer"]

MIN_LIFETIME_S, MAX_LIFETIME_S, DEFAULT_LIFETIME_S = 20, 10 * 365 * 86_400, 86_400
MAX_LINKS = 256
_LINK = re.compile(r"<([^<>]*)>((?:;[^;,\"]*(?:\"[^\"]*\")?)*)")
_OBJECT = re.compile(r"/([0-9]{1,5})(?:/([0-9]{1,5}))?")
_ENDPOINT = re.compile(r"[\x21-\x7e]{1,128}")
_VERSIONS = ("1.0", "1.1", "1.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a client offers.

    Attributes:
        endpoint: its name, an identifier ``lwm2mEndpoint``.
        lifetime_s: so long the registration holds without an update.
        version: of LwM2M.
        sleeps: it hears only for a while after it has spoken (queue mode).
        objects: paths of objects and of their instances, without those that concern the server alone.
        form: Content-Format in which its values are asked for.
    """

    endpoint: str
    lifetime_s: int
    version: str
    sleeps: bool
    objects: tuple[str, ...]
    form: int


def read_offer(queries: Mapping[str, str], links: str) -> Offer:
    """Return what a client offers.

    Raises:
        MessageRefused: a part is missing or is none.
    """
    endpoint = queries.get("ep", "")
    if not _ENDPOINT.fullmatch(endpoint):
        raise MessageRefused("ep is the client's name: 1 to 128 printable ASCII characters.")
    version = queries.get("lwm2m", "1.0")
    if version not in _VERSIONS:
        raise MessageRefused(f"lwm2m is {version!r:.20}; {', '.join(_VERSIONS)} are spoken here.")
    binding = queries.get("b", "U")
    if "U" not in binding:
        raise MessageRefused(f"b is {binding!r:.20}; only U (UDP) is spoken here.")
    objects, forms = read_links(links)
    return Offer(
        endpoint=endpoint,
        lifetime_s=lifetime_of(queries.get("lt")),
        version=version,
        sleeps="Q" in queries or "Q" in binding,
        objects=objects,
        form=next((one for one in (SENML_CBOR, TLV, SENML_JSON) if one in forms), _default_form(version)),
    )


def _default_form(version: str) -> int:
    """Return what a client of a version must speak (clause 7.4): TLV up to 1.0, since then either of two."""
    return TLV if version == "1.0" else SENML_CBOR


def lifetime_of(text: str | None) -> int:
    """Return a lifetime in seconds, within what is kept here; raises MessageRefused."""
    if text is None:
        return DEFAULT_LIFETIME_S
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise MessageRefused(f"lt is {text!r:.20}; a number of seconds is expected.")
    # 0 is without end in 1.1; a client that is never heard again must go some day.
    return min(max(int(text), MIN_LIFETIME_S), MAX_LIFETIME_S) if int(text) else MAX_LIFETIME_S


def read_links(text: str) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return objects and instances of a list in link format, and the forms that its root names (RFC 6690).

    Raises:
        MessageRefused: it is no such list, or is too long.
    """
    objects: list[str] = []
    forms: set[int] = set()
    root, at, count = "", 0, 0
    while at < len(text):
        link = _LINK.match(text, at)
        count += 1
        if link is None or count > MAX_LINKS:
            raise MessageRefused(f"The list of objects is none at letter {at}, or has more than {MAX_LINKS}.")
        target, parameters = link[1], link[2]
        if 'rt="oma.lwm2m"' in parameters or target == "/":
            root = target.rstrip("/")
            forms.update(map(int, re.findall(r"[0-9]{1,5}", _parameter(parameters, "ct"))))
        shape = _OBJECT.fullmatch(target.removeprefix(root))
        if shape:
            objects.append("".join(f"/{int(part)}" for part in shape.groups() if part is not None))
        at = link.end()
        if at < len(text) and text[at] != ",":
            raise MessageRefused(f"The list of objects is none at letter {at}.")
        at += 1
    return tuple(dict.fromkeys(objects)), frozenset(forms)


def _parameter(parameters: str, name: str) -> str:
    found = re.search(rf';{name}=("[^"]*"|[^;]*)', parameters)
    return found[1] if found else ""

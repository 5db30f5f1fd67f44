"""What may be an identifier, a name, a type and a scope (clauses 4.6.2, 4.6.3, 4.18 and 5.2.1)."""

from __future__ import annotations

import re
import unicodedata

from samstad_ngsild.context import Context
from samstad_ngsild.context.core import CORE_TERMS
from samstad_ngsild.document import INSTANCE_MEMBERS, NULL
from samstad_ngsild.errors import BadRequestData

__all__ = ["attribute_iri", "attribute_iris", "check_uri", "is_name", "is_scope", "is_uri", "type_iri"]

_MAX_LENGTH = 2048
_ASCII_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!#-;=?-\[\]_a-z~]+").fullmatch
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.").match
_NOT_IN_IRIS = frozenset(' <>"{}|\\^`')
# Control, format (zero width, bidirectional), surrogate, private, unassigned, and all separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_MEMO_NAMES = 4096
_MEMO_LENGTH = 256

# Core terms that are no attributes (clause 4.5.1); ngsildproof is one, and the others below may be.
_NOT_ATTRIBUTES = frozenset(
    CORE_TERMS[term]
    for term in (INSTANCE_MEMBERS | {"scope"}) - {"ngsildproof", "lang", "entity", "entityList"}
    if term in CORE_TERMS
)


def is_uri(text: object) -> bool:
    """Tell whether a value is a URI or an IRI without invisible characters (clauses 4.6.3, 5.2.1)."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return False
    if text.isascii():
        return _ASCII_URI(text) is not None
    if _SCHEME(text) is None or not _NOT_IN_IRIS.isdisjoint(text):
        return False
    return not any(unicodedata.category(char) in _INVISIBLE for char in text)


def check_uri(text: object, *, pointer: str, what: str = "id") -> str:
    """Return a URI as it is.

    Raises:
        BadRequestData: it is none; ``what`` names it in the detail.
    """
    if is_uri(text):
        return str(text)
    raise BadRequestData(
        f"{text!r:.100} is no URI; {what} must be one, such as urn:ngsi-ld:Streetlight:17.", pointer=pointer
    )


def is_name(text: str) -> bool:
    """Tell whether a text is a name: a letter, then letters, numbers and ``_`` (clause 4.6.2)."""
    return text[:1].isalpha() and text.replace("_", "a").isalnum() and len(text) <= _MAX_LENGTH


def is_scope(text: object) -> bool:
    """Tell whether a value is a Scope such as ``/Vasteras/Centrum`` (clause 4.18)."""
    if not isinstance(text, str):
        return False
    return all(is_name(level) for level in text.removeprefix("/").split("/"))


def attribute_iri(name: str, context: Context, *, pointer: str = "") -> str:
    """Return the IRI of an attribute's name as a client wrote it.

    Raises:
        BadRequestData: the name breaks clause 4.6.2, or the core @context keeps it for something else.
    """
    try:
        return attribute_iris(context)[name]
    except BadRequestData as error:
        error.pointer = pointer
        raise


def type_iri(name: object, context: Context, *, pointer: str = "") -> str:
    """Return the IRI of an entity type's name as a client wrote it.

    Raises:
        BadRequestData: it is no name (clause 4.6.2).
    """
    if not isinstance(name, str):
        raise BadRequestData(f"{name!r:.100} is no entity type; a type is a name.", pointer=pointer)
    try:
        return _type_iris(context)[name]
    except BadRequestData as error:
        error.pointer = pointer
        raise


class AttributeIris(dict[str, str]):
    """Checked attribute names of one @context → IRIs; a miss checks, expands and remembers.

    Asking it raises BadRequestData for what is no attribute name.
    """

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def __missing__(self, name: str) -> str:
        iri = self._read(name)
        if len(name) <= _MEMO_LENGTH:
            if len(self) >= _MEMO_NAMES:
                self.clear()
            self[name] = iri
        return iri

    def _read(self, name: str) -> str:
        iri = _named(name, self._context)
        if iri in _NOT_ATTRIBUTES:
            raise BadRequestData(f"{name!r} belongs to the core @context and cannot name an attribute.")
        return iri


class _TypeIris(AttributeIris):
    __slots__ = ()

    def _read(self, name: str) -> str:
        return _named(name, self._context)


def attribute_iris(context: Context) -> AttributeIris:
    """Return the names that were seen under a @context; index it with a name to get its IRI."""
    return _attached(context, AttributeIris)


def _type_iris(context: Context) -> AttributeIris:
    return _attached(context, _TypeIris)


def _attached(context: Context, kind: type[AttributeIris]) -> AttributeIris:
    iris: AttributeIris | None = context.attached.get(kind)
    if iris is None:
        iris = context.attached[kind] = kind(context)
    return iris


def _named(name: str, context: Context) -> str:
    prefix, colon, local = name.partition(":")
    allowed = is_name(prefix) and (not colon or is_name(local))
    if colon and not allowed:
        allowed = is_uri(name)
    if not allowed or name == NULL:
        raise BadRequestData(
            f"{name!r:.100} is no name; a name is a letter followed by letters, numbers and _, or a URI."
        )
    iri = context.expand(name)
    if not is_uri(iri):
        raise BadRequestData(f"The @context maps {name!r:.100} to {iri!r:.100}, which can name nothing here.")
    return iri

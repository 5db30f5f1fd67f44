"""Sections read as data: the fields of each with type, default, bounds and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from samstad_node.settings.secret import Secret
from samstad_node.settings.table import settings_type

__all__ = ["Field", "decode_secret", "fields", "section_doc", "sections"]


class Field(msgspec.Struct, frozen=True):
    """One setting."""

    section: str
    name: str
    type: Any
    """The annotation, as ``msgspec.convert`` takes it."""
    default: Any
    allowed: str
    """What may be said, in words."""
    description: str
    listed: bool
    """Whether it holds several words, which the environment separates by commas."""
    secret: bool

    @property
    def key(self) -> str:
        """The name in texts and flags: ``section.key``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"SAMSTAD_{self.section}_{self.name}".upper()


def decode_secret(kind: type, value: object) -> object:
    """Turn text into the Secret type, for ``msgspec.convert``."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected a text")


def sections() -> dict[str, type[msgspec.Struct]]:
    """Return the section types by name, in the table's order."""
    return {field.name: field.type for field in msgspec.structs.fields(settings_type())}


def section_doc(section: str) -> str:
    """Return the sentence that says what a section is about."""
    return (sections()[section].__doc__ or "").strip().splitlines()[0]


def fields() -> Iterator[Field]:
    """Yield every setting, section by section."""
    for section, kind in sections().items():
        for field in msgspec.structs.fields(kind):
            yield _field(section, field)


def _field(section: str, field: msgspec.structs.FieldInfo) -> Field:
    described = inspect.type_info(field.type)
    description = ""
    if isinstance(described, inspect.Metadata):
        description = (described.extra_json_schema or {}).get("description", "")
        described = described.type
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return Field(
        section=section,
        name=field.name,
        type=field.type,
        default=default,
        allowed=_allowed(described),
        description=description,
        listed=isinstance(described, inspect.VarTupleType),
        secret=isinstance(described, inspect.CustomType) and described.cls is Secret,
    )


def _allowed(kind: inspect.Type) -> str:
    words = _WORDS.get(type(kind))
    return words(kind) if words else "a value of its type"


def _number(noun: str, kind: Any) -> str:
    low = next(
        (f"{sign} {bound:g}" for sign, bound in ((">", kind.gt), ("at least", kind.ge)) if bound is not None),
        "",
    )
    high = next(
        (f"{sign} {bound:g}" for sign, bound in (("<", kind.lt), ("at most", kind.le)) if bound is not None),
        "",
    )
    if kind.ge is not None and kind.le is not None:
        return f"{noun} from {kind.ge} to {kind.le}"
    bounds = " and ".join(part for part in (low, high) if part)
    return f"{noun} {bounds}".rstrip()


def _text(kind: inspect.StrType) -> str:
    if kind.pattern:
        return f"a text that matches `{kind.pattern}`"
    return "a text that is not empty" if kind.min_length else "a text"


def _list(item: inspect.Type) -> str:
    if isinstance(item, inspect.LiteralType):
        return "a list of " + ", ".join(f"`{value}`" for value in item.values)
    return "a list of texts"


_WORDS: dict[type[inspect.Type], Callable[[Any], str]] = {
    inspect.BoolType: lambda _: "true or false",
    inspect.IntType: lambda kind: _number("a whole number", kind),
    inspect.FloatType: lambda kind: _number("a number", kind),
    inspect.StrType: _text,
    inspect.LiteralType: lambda kind: " or ".join(f"`{value}`" for value in kind.values),
    inspect.VarTupleType: lambda kind: _list(kind.item_type),
    inspect.CustomType: lambda _: "a text, kept secret",
}

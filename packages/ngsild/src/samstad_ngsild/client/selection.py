"""Which entities are wanted, and how they are shown: parameters of queries and retrievals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

__all__ = ["Document", "Format", "Selection", "shown"]

Document = dict[str, Any]
Format = Literal["normalized", "concise", "simplified"]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities are wanted, and what of them (clauses 5.7.2 and 6.4.3.2); empty members ask for nothing.

    Attributes:
        type: a type selection (4.17).
        ids: URIs.
        q: a query (4.9).
        scope_q: a scope query (4.19).
        geo: ``georel``, ``geometry``, ``coordinates`` and, where wanted, ``geoproperty`` (4.10).
        pick: attributes to show, ``id`` and ``type`` among them where they are wanted (4.21).
        omit: members to leave out.
        order_by: an ordering (4.23).
        sys_attrs: show createdAt and modifiedAt.
        format: of the entities.
    """

    type: str = ""
    ids: Sequence[str] = ()
    q: str = ""
    scope_q: str = ""
    geo: Mapping[str, str] = {}
    pick: Sequence[str] = ()
    omit: Sequence[str] = ()
    order_by: str = ""
    sys_attrs: bool = False
    format: Format = "normalized"

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query parameters of clause 6.4.3.2."""
        told = [
            ("type", self.type),
            ("id", ",".join(self.ids)),
            ("q", self.q),
            ("scopeQ", self.scope_q),
            *self.geo.items(),
            ("orderBy", self.order_by),
            *shown(self.pick, self.omit, sys_attrs=self.sys_attrs, format=self.format),
        ]
        return [(name, value) for name, value in told if value]


def shown(
    pick: Sequence[str],
    omit: Sequence[str],
    *,
    sys_attrs: bool,
    format: Format,  # noqa: A002 - the parameter's name
) -> list[tuple[str, str]]:
    """Return the parameters that say what of an entity is shown, and how."""
    told = [
        ("pick", ",".join(pick)),
        ("omit", ",".join(omit)),
        ("options", "sysAttrs" if sys_attrs else ""),
        ("format", "" if format == "normalized" else format),
    ]
    return [(name, value) for name, value in told if value]

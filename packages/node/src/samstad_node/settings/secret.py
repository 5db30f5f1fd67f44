"""A value that is never printed: its text comes out by one method alone, which is easy to search for."""

from __future__ import annotations

import hmac

__all__ = ["Secret"]


class Secret:
    """A password, key or token; empty means that none is set.

    It has no public attribute, prints as stars, compares in constant time and cannot be pickled.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one place that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(***)" if self._text else "Secret()"

    def __str__(self) -> str:
        return "***" if self._text else ""

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")

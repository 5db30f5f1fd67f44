"""Order of texts (clause 4.23): the ICU root order as far as it can be had without ICU.

A text is compared in three passes as the Unicode Collation Algorithm does: letters without marks and
case, then marks, then case with lower case first. Marks, signs and digits come before letters.

What of a tag (RFC 6067) has an effect: the languages sv, fi, da, nb, nn and no put their own letters
after z; ``co-phonebk`` with de reads ä, ö, ü as ae, oe, ue; ``ks-level1``, ``ks-level2``, ``ks-level3`` and
``ks-identic`` choose the passes; ``kn-true`` compares runs of digits as numbers; ``kf-upper`` puts
upper case first. Anything else in a well-formed tag falls back to the root order, as ICU does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from samstad_ngsild.errors import BadRequestData

__all__ = ["collation_key"]

_TAG = re.compile(r"(?:[A-Za-z]{2,3}|[A-Za-z]{5,8}|root)(?:-[A-Za-z0-9]{1,8})*")
_DIGITS = re.compile(r"[0-9]+")
_NORDIC = {"å": "z\ue003", "ä": "z\ue004", "ö": "z\ue005", "æ": "z\ue004", "ø": "z\ue005"}
_DANISH = {"æ": "z\ue001", "ä": "z\ue001", "ø": "z\ue002", "ö": "z\ue002", "å": "z\ue003"}
_PHONEBOOK = {"ä": "ae", "ö": "oe", "ü": "ue"}
_ROOT = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d"}
_LETTERS = {"sv": _NORDIC, "fi": _NORDIC, "da": _DANISH, "nb": _DANISH, "nn": _DANISH, "no": _DANISH}
_LEVELS = {"level1": 1, "level2": 2, "level3": 3, "level4": 3, "identic": 4}
# The default table weighs marks in this order, which is not that of their code points.
_MARKS = {
    mark: 0xE010 + weight for weight, mark in enumerate((0x301, 0x300, 0x306, 0x302, 0x30C, 0x30A, 0x308))
}
CollationKey = Callable[[str], tuple[str, ...]]


@lru_cache(maxsize=64)
def collation_key(tag: str | None, *, pointer: str = "collation") -> CollationKey:
    """Return a key function for texts; no tag means ``und``, the root order.

    Raises:
        BadRequestData: the tag is not well-formed (clause 5.7.2.4).
    """
    language, settings = _read(tag or "und", pointer)
    letters = {**_ROOT, **_LETTERS.get(language, {})}
    if language == "de" and settings.get("co") == "phonebk":
        letters |= _PHONEBOOK
    level = _LEVELS.get(settings.get("ks", "level3"), 3)
    numeric = settings.get("kn") in {"true", ""}
    upper_first = settings.get("kf") == "upper"

    def key(text: str) -> tuple[str, ...]:
        composed = unicodedata.normalize("NFC", text)
        passes = (
            _primary(composed, letters, numeric=numeric),
            unicodedata.normalize("NFD", composed.casefold()).translate(_MARKS),
            composed if upper_first else composed.swapcase(),
            text,
        )
        return passes[:level]

    return key


def _read(tag: str, pointer: str) -> tuple[str, dict[str, str]]:
    if len(tag) > 100 or _TAG.fullmatch(tag) is None:
        detail = f"{tag!r:.80} is no collation: it is a tag such as und, sv or de-u-co-phonebk (RFC 6067)."
        raise BadRequestData(detail, pointer=pointer)
    language, *rest = tag.lower().split("-")
    settings: dict[str, str] = {}
    if "u" in rest:
        key = ""
        for part in rest[rest.index("u") + 1 :]:
            if len(part) == 1:
                break
            if len(part) == 2:
                key = part
                settings[key] = ""
            elif key:
                settings[key] = settings[key] or part
    return language, settings


def _primary(text: str, letters: dict[str, str], *, numeric: bool) -> str:
    pieces = []
    for sign in text.casefold() if text.isascii() else text.lower():
        if sign.isalnum():
            pieces.append(letters.get(sign) or _without_marks(sign))
        elif not unicodedata.combining(sign):
            # A sign sorts before digits and letters, whatever its code point.
            pieces.append("\x01" + sign)
    joined = "".join(pieces)
    return _DIGITS.sub(_by_length, joined) if numeric else joined


def _without_marks(sign: str) -> str:
    if sign < "\x80":
        return sign
    decomposed = unicodedata.normalize("NFD", sign)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _by_length(run: re.Match[str]) -> str:
    digits = run[0].lstrip("0") or "0"
    # The number of digits decides first; one character holds it, sorting between the digits 0 and 9.
    return "0" + chr(min(len(digits), 0xD7FF)) + digits

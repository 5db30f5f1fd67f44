"""The glossary: Swedish word ↔ English word ↔ term in data."""

from __future__ import annotations

from samstad_models.catalogue import GlossaryTerm, load_catalogue

__all__ = ["find_term", "list_terms"]


def list_terms(*, language: str) -> tuple[GlossaryTerm, ...]:
    """Return the glossary, sorted by its words in a language (Swedish å, ä, ö after z)."""
    return tuple(sorted(load_catalogue().glossary, key=lambda term: _sort_key(term.words[language])))


def find_term(word: str) -> GlossaryTerm | None:
    """Return the entry whose Swedish word, English word or term is ``word``, whatever its case."""
    folded = word.casefold()
    for entry in load_catalogue().glossary:
        if folded in {entry.term.casefold(), *(w.casefold() for w in entry.words.values())}:
            return entry
    return None


_SWEDISH_LAST = str.maketrans({"å": "{", "ä": "|", "ö": "}"})


def _sort_key(word: str) -> str:
    return word.casefold().translate(_SWEDISH_LAST)

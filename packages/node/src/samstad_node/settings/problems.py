"""What is wrong with a setting, told so that it can be put right without reading anything else."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import msgspec

__all__ = ["SettingProblem", "SettingsRefused", "did_you_mean"]


class SettingProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        key: the setting as ``section.key``, or the file's or section's name.
        where: the file and line, the environment variable or the flag that it came from.
        detail: what is wrong and what is allowed, one sentence.
    """

    key: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.key} ({self.where}): {self.detail}"


class SettingsRefused(Exception):
    """The settings cannot be used; the process must not start (exit code 3)."""

    def __init__(self, problems: Sequence[SettingProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or lists them all where none is near."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(words)}"

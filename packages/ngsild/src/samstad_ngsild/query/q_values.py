"""Tests for the value of an attribute, made from an operator and an operand (clause 4.9)."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from typing import Any

from samstad_ngsild.document import VALUE_MEMBER
from samstad_ngsild.query.expression import (
    Comparison,
    Literal,
    NameExpander,
    Operand,
    Range,
    Reference,
    Temporal,
    ValueList,
)
from samstad_ngsild.query.literals import temporal_key
from samstad_ngsild.query.regular import compile_pattern

__all__ = ["ValueTest", "value_tests"]

ValueTest = Callable[[Any], bool]

_NUMBERS = frozenset({int, float})
_ORDER: dict[str, Callable[[Any, Any], bool]] = {">": op.gt, ">=": op.ge, "<": op.lt, "<=": op.le}


def value_tests(term: Comparison, context: NameExpander, *, expanded: bool) -> dict[str, ValueTest]:
    """Return the test for the value of each attribute type; a type that never matches is absent."""
    operator = term.operator
    if operator in {"==", "!="}:
        return _equality_tests(term.operand, context, negated=operator == "!=", expanded=expanded)
    if operator in _ORDER:
        scalar = _ordered(term.operand, _ORDER[operator])
        negated = False
    else:
        assert isinstance(term.operand, str)  # noqa: S101 - what the parser gives a pattern operator
        search = compile_pattern(term.operand).search
        negated = operator == "!~="
        scalar = _matched(search, negated=negated)
    tests = dict.fromkeys(("Property", "GeoProperty", "JsonProperty"), scalar)
    tests["LanguageProperty"] = _over_texts(scalar, every=negated)
    tests["VocabProperty"] = _over_list(scalar, every=negated)
    return tests


def _equality_tests(
    operand: Operand, context: NameExpander, *, negated: bool, expanded: bool
) -> dict[str, ValueTest]:
    vocab = _equal(operand, context)
    plain = vocab if expanded else _equal(operand, None)
    tests: dict[str, ValueTest] = {kind: _contains(plain) for kind in VALUE_MEMBER}
    tests["VocabProperty"] = _contains(vocab)
    tests["LanguageProperty"] = _over_texts(plain, every=False)
    return {kind: _not(test) for kind, test in tests.items()} if negated else tests


def _not(test: ValueTest) -> ValueTest:
    return lambda value: value is not None and not test(value)


def _plain(value: Any) -> Any:
    """Return the value of a JSON-LD typed value, and any other as it is."""
    return value["@value"] if value.__class__ is dict and "@value" in value else value


def _contains(equal: ValueTest) -> ValueTest:
    """Return: the value, or a member of it where it is an array, is equal."""

    def test(value: Any) -> bool:
        kind = value.__class__
        if kind is list:
            return any(equal(_plain(item)) for item in value)
        return equal(_plain(value) if kind is dict else value)

    return test


def _each_text(value: Any) -> list[Any]:
    found: list[Any] = []
    if value.__class__ is dict:
        for text in value.values():
            found.extend(text) if text.__class__ is list else found.append(text)
    return found


def _over_texts(scalar: ValueTest, *, every: bool) -> ValueTest:
    """Return the test over the texts of a languageMap: any of them, or each of at least one."""

    def test(value: Any) -> bool:
        texts = _each_text(value)
        return bool(texts) and all(map(scalar, texts)) if every else any(map(scalar, texts))

    return test


def _over_list(scalar: ValueTest, *, every: bool) -> ValueTest:
    def test(value: Any) -> bool:
        values = value if value.__class__ is list else [value]
        return bool(values) and all(map(scalar, values)) if every else any(map(scalar, values))

    return test


def _matched(search: Callable[[str], bool], *, negated: bool) -> ValueTest:
    def test(value: Any) -> bool:
        text = _plain(value)
        return text.__class__ is str and search(text) is not negated

    return test


def _equal(operand: Operand, context: NameExpander | None) -> ValueTest:
    """Return equality with an operand; with a context names in it are tried expanded too."""
    if isinstance(operand, ValueList):
        return _one_of(operand.values, context)
    if isinstance(operand, Range):
        low, high = _ordered(operand.low, op.ge), _ordered(operand.high, op.le)
        return lambda value: low(value) and high(value)
    if operand is True or operand is False:
        return lambda value: value is operand
    if isinstance(operand, int | float):
        return lambda value: value.__class__ in _NUMBERS and value == operand
    if isinstance(operand, Temporal):
        return _at_time(operand.key)
    return _equal_text(operand, context)


def _equal_text(operand: str | Reference, context: NameExpander | None) -> ValueTest:
    text = operand if isinstance(operand, str) else operand.text
    key = temporal_key(text)
    if key is not None:
        at = _at_time(key)
        return lambda value: value == text or at(value)
    if context is not None:
        accepted = frozenset((text, context.expand_vocab(text)))
        return lambda value: value.__class__ is str and value in accepted
    return lambda value: value == text


def _at_time(key: Any) -> ValueTest:
    kind = key.__class__

    def test(value: Any) -> bool:
        if value.__class__ is not str:
            return False
        found = temporal_key(value)
        return found.__class__ is kind and found == key

    return test


def _one_of(values: tuple[Literal, ...], context: NameExpander | None) -> ValueTest:
    """Return membership: plain texts by one look-up, everything else in turn."""
    texts: set[str] = set()
    others: list[ValueTest] = []
    for value in values:
        text = value if isinstance(value, str) else value.text if isinstance(value, Reference) else None
        if text is None or temporal_key(text) is not None:
            others.append(_equal(value, context))
        else:
            texts.update((text,) if context is None else (text, context.expand_vocab(text)))

    def test(value: Any) -> bool:
        return (value.__class__ is str and value in texts) or any(other(value) for other in others)

    return test


def _ordered(operand: Operand, compare: Callable[[Any, Any], bool]) -> ValueTest:
    if isinstance(operand, int | float):
        return _ordered_number(operand, compare)
    if isinstance(operand, Temporal):
        return _ordered_time(operand.key, compare)
    assert isinstance(operand, str)  # noqa: S101 - the parser refuses everything else
    key = temporal_key(operand)
    if key is None:
        return lambda value: _plain(value).__class__ is str and compare(_plain(value), operand)
    timed = _ordered_time(key, compare)

    def test(value: Any) -> bool:
        text = _plain(value)
        if text.__class__ is not str:
            return False
        return timed(text) if temporal_key(text).__class__ is key.__class__ else compare(text, operand)

    return test


def _ordered_number(operand: float, compare: Callable[[Any, Any], bool]) -> ValueTest:
    def test(value: Any) -> bool:
        if value.__class__ in _NUMBERS:
            return compare(value, operand)
        number = _plain(value)
        return number.__class__ in _NUMBERS and compare(number, operand)

    return test


def _ordered_time(key: Any, compare: Callable[[Any, Any], bool]) -> ValueTest:
    kind = key.__class__

    def test(value: Any) -> bool:
        text = _plain(value)
        if text.__class__ is not str:
            return False
        found = temporal_key(text)
        return found.__class__ is kind and compare(found, key)

    return test

"""A nondeterministic automaton, made deterministic while it runs: linear in the text, bounded in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from samstad_ngsild.query._regular_syntax import (
    Alternatives,
    Anchor,
    Char,
    Node,
    ParsedPattern,
    Repeat,
    Sequence,
)

__all__ = ["Automaton"]

_MAX_KNOWN = 4_096
"""Transitions that are remembered; the cache starts over when it is full."""


class _State:
    """A set of positions that the pattern can be in, with the ways onward that are known."""

    __slots__ = ("accepts", "accepts_at_end", "onward", "positions")

    def __init__(self, positions: frozenset[int], *, accepts: bool, accepts_at_end: bool) -> None:
        self.positions = positions
        self.accepts = accepts
        self.accepts_at_end = accepts_at_end
        self.onward: dict[str, _State] = {}


class Automaton:
    """Searches for a pattern in a text."""

    def __init__(self, pattern: ParsedPattern) -> None:
        flags = re.IGNORECASE if pattern.ignore_case else 0
        self._nodes: list[tuple[str, object, tuple[int, ...]]] = [("accept", None, ())]
        self._matchers: dict[str, Callable[[str], object]] = {}
        self._flags = flags
        self._start = self._build(pattern.root, 0)
        self._states: dict[frozenset[int], _State] = {}
        self._known = 0
        self._begin = self._state([self._start], at_start=True)

    def search(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in the text."""
        state = self._begin
        for sign in text:
            if state.accepts:
                return True
            following = state.onward.get(sign)
            state = self._advance(state, sign) if following is None else following
        return state.accepts or state.accepts_at_end

    def _advance(self, state: _State, sign: str) -> _State:
        nodes = self._nodes
        reached = [self._start]
        for position in state.positions:
            kind, matcher, after = nodes[position]
            if kind == "char" and matcher(sign):  # type: ignore[operator]  # a char node carries its matcher
                reached.append(after[0])
        if self._known >= _MAX_KNOWN:
            for known in self._states.values():
                known.onward.clear()
            self._states.clear()
            self._begin.onward.clear()
            self._known = 0
        following = self._state(reached, at_start=False)
        state.onward[sign] = following
        self._known += 1
        return following

    def _state(self, positions: Iterable[int], *, at_start: bool) -> _State:
        closed = self._closure(positions, at_start=at_start, at_end=False)
        # The first state is kept apart: anchors hold there and nowhere else.
        known = None if at_start else self._states.get(closed)
        if known is None:
            at_end = self._closure(positions, at_start=at_start, at_end=True)
            known = _State(closed, accepts=0 in closed, accepts_at_end=0 in at_end)
            if not at_start:
                self._states[closed] = known
        return known

    def _closure(self, positions: Iterable[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        seen: set[int] = set()
        waiting = list(positions)
        while waiting:
            position = waiting.pop()
            if position in seen:
                continue
            seen.add(position)
            kind, _, after = self._nodes[position]
            if kind == "split" or (kind == "begin" and at_start) or (kind == "end" and at_end):
                waiting.extend(after)
        return frozenset(seen)

    def _add(self, kind: str, argument: object, *after: int) -> int:
        self._nodes.append((kind, argument, after))
        return len(self._nodes) - 1

    def _build(self, node: Node, after: int) -> int:
        """Return the position from which the node leads to ``after``."""
        match node:
            case Char(source):
                return self._add("char", self._matcher(source), after)
            case Anchor(end):
                return self._add("end" if end else "begin", None, after)
            case Sequence(parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case Alternatives(parts):
                return self._add("split", None, *(self._build(part, after) for part in parts))
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.high is None:
            loop = self._add("split", None)
            body = self._build(node.part, loop)
            self._nodes[loop] = ("split", None, (body, after))
            after = loop
        else:
            end = after
            for _ in range(node.high - node.low):
                after = self._add("split", None, self._build(node.part, after), end)
        for _ in range(node.low):
            after = self._build(node.part, after)
        return after

    def _matcher(self, source: str) -> Callable[[str], object]:
        matcher = self._matchers.get(source)
        if matcher is None:
            matcher = self._matchers[source] = re.compile(source, self._flags).fullmatch
        return matcher

"""A nondeterministic automaton, made deterministic while it runs: linear in the text, bounded in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

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

_MAX_KEPT = 5_000
"""Transitions, and positions in states, that are remembered; the cache starts over when it is full."""


class _State:
    """A set of positions that the pattern can be in, with the ways onward that are known."""

    __slots__ = ("accepts", "accepts_at_end", "onward", "positions")

    def __init__(self, positions: frozenset[int], *, accepts: bool, accepts_at_end: bool) -> None:
        self.positions = positions
        self.accepts = accepts
        self.accepts_at_end = accepts_at_end
        self.onward: dict[str, _State] = {}


class Automaton:
    """Searches for a pattern in a text.

    A step costs a look-up where the state and character were met before; otherwise at most one test
    for each different character or set of the pattern, and one union for each of its positions.
    """

    def __init__(self, pattern: ParsedPattern) -> None:
        self._flags = re.IGNORECASE if pattern.ignore_case else 0
        self._nodes: list[tuple[str, Any, tuple[int, ...]]] = [("accept", None, ())]
        self._matchers: dict[str, Callable[[str], object]] = {}
        start = self._build(pattern.root, 0)
        self._restart = self._closure(start)
        self._onward = [
            self._closure(node[2][0]) if node[0] == "char" else frozenset() for node in self._nodes
        ]
        self._endings = frozenset(n for n in range(len(self._nodes)) if 0 in self._closure(n, at_end=True))
        self._states: dict[frozenset[int], _State] = {}
        self._kept = 0
        # The first state is apart from the others: the beginning of the text is there and nowhere else.
        positions = self._closure(start, at_start=True)
        at_end = 0 in self._closure(start, at_start=True, at_end=True)
        self._begin = _State(positions, accepts=0 in positions, accepts_at_end=at_end)

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
        nodes, onward = self._nodes, self._onward
        verdicts: dict[int, bool] = {}
        reached = set(self._restart)
        for position in state.positions:
            kind, matcher, _ = nodes[position]
            if kind != "char":
                continue
            verdict = verdicts.get(id(matcher))
            if verdict is None:
                verdict = verdicts[id(matcher)] = matcher(sign) is not None
            if verdict:
                reached |= onward[position]
        if self._kept >= _MAX_KEPT:
            self._forget()
        following = self._state(frozenset(reached))
        state.onward[sign] = following
        self._kept += 1
        return following

    def _forget(self) -> None:
        for known in self._states.values():
            known.onward.clear()
        self._states.clear()
        self._begin.onward.clear()
        self._kept = 0

    def _state(self, positions: frozenset[int]) -> _State:
        known = self._states.get(positions)
        if known is None:
            ends = not self._endings.isdisjoint(positions)
            known = _State(positions, accepts=0 in positions, accepts_at_end=ends)
            self._states[positions] = known
            self._kept += len(positions)
        return known

    def _closure(self, position: int, *, at_start: bool = False, at_end: bool = False) -> frozenset[int]:
        """Return where the pattern can be without reading on; passages themselves are left out."""
        seen: set[int] = set()
        waiting = [position]
        while waiting:
            position = waiting.pop()
            if position in seen:
                continue
            seen.add(position)
            kind, _, after = self._nodes[position]
            if kind == "split" or (kind == "begin" and at_start) or (kind == "end" and at_end):
                waiting.extend(after)
        return frozenset(p for p in seen if self._nodes[p][0] in {"char", "end", "accept"})

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

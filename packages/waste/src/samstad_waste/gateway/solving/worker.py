"""``python -m samstad_waste.gateway.solving.worker``: solves what comes on standard input, one after another.

A message is four bytes of length and JSON: a Problem in; ``["ok", Solved]`` or ``["refused", detail,
pointer]`` out.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

import msgspec

from samstad_waste.domain.errors import PlanRefused
from samstad_waste.domain.routing import Problem
from samstad_waste.gateway.solving.engine import solve

__all__ = ["answer", "main"]


def answer(body: bytes) -> bytes:
    """Return the answer to one message."""
    told: list[Any]
    try:
        told = ["ok", solve(msgspec.json.decode(body, type=Problem))]
    except PlanRefused as error:
        told = ["refused", error.detail, error.pointer]
    except (msgspec.ValidationError, ValueError) as error:
        told = ["refused", f"The day cannot be solved: {error}", None]
    return msgspec.json.encode(told)


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until the source ends."""
    while len(head := source.read(4)) == 4:
        body = answer(source.read(int.from_bytes(head, "big")))
        sink.write(len(body).to_bytes(4, "big") + body)
        sink.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)

"""The process that runs codecs: requests come on standard input, answers go to standard output.

A message is its length in four bytes, then JSON. A request is ``[digest, source or null, jobs]``, a job
``[operation, input]``. The answer is a ``[verdict, text]`` for each job, or null where the codec is not
loaded and its source is wanted. The process ends when its input does, so it never outlives its parent.
"""

from __future__ import annotations

import resource
import sys
from typing import Any, BinaryIO

import orjson

from samstad_devices.domain.errors import CodecFailed
from samstad_devices.gateway.codecs.limits import CodecLimits
from samstad_devices.gateway.codecs.sandbox import Sandbox
from samstad_devices.gateway.codecs.verdicts import VERDICTS

__all__ = ["main"]

_NAMES = {kind: name for name, kind in VERDICTS.items()}
_OPEN_FILES = 16


def main() -> None:
    """Answer requests until the input ends; the one argument is the limits as JSON."""
    limits = CodecLimits(**orjson.loads(sys.argv[1]))
    memory = limits.process_memory_mib * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sandbox = Sandbox(limits)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (request := _read(requests)) is not None:
        answer = orjson.dumps(_answer(sandbox, *request))
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _read(requests: BinaryIO) -> Any:
    head = requests.read(4)
    return orjson.loads(requests.read(int.from_bytes(head, "big"))) if len(head) == 4 else None


def _answer(sandbox: Sandbox, digest: str, source: str | None, jobs: list[list[str]]) -> Any:
    if not sandbox.knows(digest):
        if source is None:
            return None
        failure = _loaded(sandbox, digest, source)
        if failure is not None:
            return [failure] * len(jobs)
    return [_ran(sandbox, digest, source, operation, text) for operation, text in jobs]


def _loaded(sandbox: Sandbox, digest: str, source: str) -> list[str] | None:
    try:
        sandbox.load(digest, source)
    except CodecFailed as failure:
        return [_NAMES[type(failure)], failure.detail]
    return None


def _ran(sandbox: Sandbox, digest: str, source: str | None, operation: str, text: str) -> list[str]:
    """Run one job; a codec that was put away in between is loaded again, if its source came along."""
    if not sandbox.knows(digest):
        if source is None:
            return ["again", ""]
        failure = _loaded(sandbox, digest, source)
        if failure is not None:
            return failure
    try:
        return ["ok", sandbox.run(digest, operation, text)]
    except CodecFailed as failure:
        return [_NAMES[type(failure)], failure.detail]


if __name__ == "__main__":
    main()

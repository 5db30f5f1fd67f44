"""The process that takes rows into a temporal index.

``python -m samstad_broker.store.sqlite.history.taking_worker`` reads messages from standard input, each after
its length in four bytes: a job, then lists of rows, as MessagePack. Each is answered in the same form. The
process ends when its input does.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import BinaryIO

import apsw
import msgspec

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite.connection import store_error
from samstad_broker.store.sqlite.history.taking import read_cursor, take_rows
from samstad_broker.store.sqlite.history.taking_job import TakingAnswer, TakingJob
from samstad_broker.store.sqlite.history.writing import HistoryWriting
from samstad_broker.store.sqlite.projection import open_projection

__all__ = ["main"]


class _Index:
    """The index while it is written."""

    def __init__(self, job: TakingJob) -> None:
        self._path = Path(job.path)
        self._writing = HistoryWriting(keeps_deleted=job.keeps_deleted)
        self._connection = open_projection(self._path, "temporal")
        self.cursor = read_cursor(self._connection)

    def take(self, rows: list[Row]) -> Position:
        """Commit rows and return the cursor."""
        self.cursor = take_rows(self._connection, self._path, self._writing, self.cursor, rows)
        return self.cursor

    def close(self) -> None:
        """Write everything back."""
        self._connection.close()


def main() -> int:
    """Answer messages until the input ends."""
    # Ctrl-C reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    messages, answers = sys.stdin.buffer, sys.stdout.buffer
    first = _read(messages)
    if first is None:
        return 0
    try:
        index = _Index(msgspec.msgpack.decode(first, type=TakingJob))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it
        _answer(answers, _failure(error))
        return 1
    _answer(answers, TakingAnswer(*index.cursor))
    decoder = msgspec.msgpack.Decoder(list[Row])
    while (message := _read(messages)) is not None:
        try:
            answer = TakingAnswer(*index.take(decoder.decode(message)))
        except Exception as error:  # noqa: BLE001 - as above
            answer = _failure(error)
        _answer(answers, answer)
    index.close()
    return 0


def _failure(error: Exception) -> TakingAnswer:
    told = store_error(error, "the temporal index") if isinstance(error, apsw.Error) else error
    name = type(told).__name__ if isinstance(told, StoreError) else "LogUnavailable"
    return TakingAnswer(error=name, detail=str(told) or repr(told))


def _read(messages: BinaryIO) -> bytes | None:
    head = messages.read(4)
    return messages.read(int.from_bytes(head, "big")) if len(head) == 4 else None


def _answer(answers: BinaryIO, answer: TakingAnswer) -> None:
    body = msgspec.msgpack.encode(answer)
    answers.write(len(body).to_bytes(4, "big") + body)
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Texts that stand in many rows, by number; and the spaces of tenants and snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import apsw
import orjson

from samstad_broker.domain.history import DEFAULT_DATASET

__all__ = ["DEFAULT_DATASET_ID", "Names"]

DEFAULT_DATASET_ID = 0
_MOST = 50_000


class Names:
    """Numbers of texts and spaces, the ones used lately in memory; of one connection.

    Numbers never change, so that only those of a transaction that was rolled back must be forgotten.
    """

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries
        self._numbers: dict[str, int] = {}
        self._spaces: dict[tuple[str, str], int] = {}
        self._texts: dict[int, str] = {}

    def forget(self) -> None:
        """Begin anew, after a transaction was rolled back."""
        self._numbers.clear()
        self._spaces.clear()
        self._texts.clear()

    def find(self, connection: apsw.Connection | apsw.Cursor, text: str) -> int | None:
        """Return the number of a text, None where no row holds it."""
        number = self._numbers.get(text)
        if number is None:
            row = connection.execute(self._queries["find_name"], (text,)).fetchone()
            if row is not None:
                number = self._keep(text, cast("int", row[0]))
        return number

    def find_all(self, connection: apsw.Connection, texts: Iterable[str]) -> str:
        """Return the numbers of those texts that some row holds, as a JSON array."""
        found = (self.find(connection, text) for text in texts)
        return orjson.dumps([number for number in found if number is not None]).decode()

    def add(self, cursor: apsw.Cursor, text: str) -> int:
        """Return the number of a text, a new one where there is none."""
        number = self.find(cursor, text)
        if number is None:
            row = cursor.execute(self._queries["add_name"], (text,)).fetchone()
            number = self._keep(text, cast("int", row[0]))  # type: ignore[index]  # RETURNING gives a row
        return number

    def _keep(self, text: str, number: int) -> int:
        if len(self._numbers) >= _MOST:
            self._numbers.clear()
        self._numbers[text] = number
        return number

    def text(self, connection: apsw.Connection, number: int) -> str:
        """Return the text of a number that some row holds."""
        text = self._texts.get(number)
        if text is None:
            row = connection.execute(self._queries["name_text"], (number,)).fetchone()
            text = self._texts[number] = cast("str", row[0])  # type: ignore[index]  # rows name what exists
        return text

    def dataset(self, cursor: apsw.Cursor, dataset_id: str | None) -> int:
        """Return the number of a datasetId, 0 for the default instance."""
        if dataset_id is None or dataset_id == DEFAULT_DATASET:
            return DEFAULT_DATASET_ID
        return self.add(cursor, dataset_id)

    def find_space(self, connection: apsw.Connection, tenant: str, snapshot: str) -> int | None:
        """Return the number of a space, None where nothing was ever written into it."""
        number = self._spaces.get((tenant, snapshot))
        if number is None:
            row = connection.execute(self._queries["find_space"], (tenant, snapshot)).fetchone()
            if row is not None:
                number = self._spaces[tenant, snapshot] = cast("int", row[0])
        return number

    def add_space(self, cursor: apsw.Cursor, tenant: str, snapshot: str) -> int:
        """Return the number of a space, a new one where there is none."""
        number = self._spaces.get((tenant, snapshot))
        if number is None:
            row = cursor.execute(self._queries["find_space"], (tenant, snapshot)).fetchone()
            row = row or cursor.execute(self._queries["add_space"], (tenant, snapshot)).fetchone()
            number = self._spaces[tenant, snapshot] = cast("int", row[0])  # type: ignore[index]  # as in add
        return number

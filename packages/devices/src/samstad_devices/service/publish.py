"""Telling the broker of measurements: in order for each entity, late ones only into the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from samstad_devices.spi.city import City
from samstad_ngsild.client import NotTaken, Refused
from samstad_ngsild.errors import NgsiLdError, ResourceNotFound

__all__ = ["Parcel", "Publisher", "Refusal"]

Document = dict[str, Any]


class Refusal(NamedTuple):
    """Why the broker did not take something: one word, and a sentence."""

    reason: str
    detail: str


class Parcel(NamedTuple):
    """What one message has to tell.

    Attributes:
        number: of the message.
        documents: fragments of entities.
        is_late: it was measured before what is known already.
    """

    number: int
    documents: tuple[Document, ...]
    is_late: bool = False


class Publisher:
    """Sends parcels to the broker."""

    def __init__(self, city: City) -> None:
        self._city = city

    async def publish(self, parcels: Iterable[Parcel]) -> dict[int, Refusal]:
        """Return what the broker refused, by number of the message.

        Raises:
            ClientError: the broker cannot be reached; nothing is known of any of them.
        """
        refused: dict[int, Refusal] = {}
        now = [parcel for parcel in parcels if not parcel.is_late]
        for one in _rounds(now):
            for failure in await self._update(list(one.documents.values())):
                number = one.numbers.get(failure.entity_id)
                if number is not None:
                    refused[number] = _refusal(failure.entity_id, failure.error)
        for parcel in parcels:
            if parcel.is_late:
                await self._into_history(parcel, refused)
        return refused

    async def _update(self, documents: list[Document]) -> list[NotTaken]:
        """Return what was not taken; one that spoils a whole batch is found by halves."""
        try:
            return (await self._city.update_many(documents)).failed
        except (NgsiLdError, Refused) as error:
            if len(documents) == 1:
                return [NotTaken(documents[0]["id"], error)]
        middle = len(documents) // 2
        return [*await self._update(documents[:middle]), *await self._update(documents[middle:])]

    async def _into_history(self, parcel: Parcel, refused: dict[int, Refusal]) -> None:
        for document in parcel.documents:
            try:
                await self._city.append_temporal(await self._typed(document))
            except (NgsiLdError, Refused) as error:
                refused[parcel.number] = _refusal(document["id"], error)

    async def _typed(self, document: Document) -> Document:
        if "type" in document:
            return document
        found = await self._city.find(document["id"])
        if found is None:
            raise ResourceNotFound(f"There is no entity {document['id']}.")
        return {**document, "type": found["type"]}


class _Round:
    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.numbers: dict[str, int] = {}


def _rounds(parcels: Iterable[Parcel]) -> list[_Round]:
    """Part the documents so that none holds an entity twice and each entity's come in order."""
    rounds: list[_Round] = []
    reached: dict[str, int] = {}
    for parcel in parcels:
        for document in parcel.documents:
            entity_id = document["id"]
            place = reached.get(entity_id, 0)
            reached[entity_id] = place + 1
            if place == len(rounds):
                rounds.append(_Round())
            rounds[place].documents[entity_id] = document
            rounds[place].numbers[entity_id] = parcel.number
    return rounds


def _refusal(entity_id: str, error: Exception) -> Refusal:
    if isinstance(error, ResourceNotFound):
        return Refusal("no-entity", f"The broker knows no {entity_id}: create it, then replay.")
    return Refusal("refused", f"The broker refused {entity_id}: {error}")

"""Register, update and delete a context source (clauses 5.9.2, 5.9.3 and 5.9.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from samstad_broker.domain.registrations.matching import attributes_of, excludes
from samstad_broker.domain.registrations.parsing import READ_ONLY, parse_registration
from samstad_broker.domain.registrations.representation import represent_registration
from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.record import Record
from samstad_broker.service.call import Call
from samstad_broker.service.registrations.registrations import COLLECTION, Registrations, types_of
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_ngsild.context import Context
from samstad_ngsild.document import NULL
from samstad_ngsild.errors import AlreadyExists, BadRequestData, Conflict
from samstad_ngsild.query.regular import compile_pattern

__all__ = ["create_registration", "delete_registration", "update_registration"]


async def create_registration(
    registrations: Registrations, call: Call, body: Any, context: Context, *, new_id: str
) -> str:
    """Keep a registration and return its id.

    Raises:
        BadRequestData: a restriction of clause 5.2.9 is not met.
        AlreadyExists: the id is taken.
        Conflict: another registration or an entity excludes it (clause 5.9.2.4).
        Forbidden: the caller may not register these types.
    """
    content = parse_registration(body, context, now_us=call.now_us, registration_id=new_id)
    _require(call, content)
    registrations.broker.data_for_creation(call)
    async with registrations.lock:
        for stored in registrations.current(call.tenant, call.now_us):
            if stored["body"]["id"] == content["id"]:
                raise AlreadyExists(f"There is a registration {content['id']} already.", pointer="/id")
        await _keep(registrations, call, content, created_us=call.now_us, before=None)
    registration_id: str = content["id"]
    return registration_id


async def update_registration(
    registrations: Registrations, call: Call, registration_id: str, fragment: Any, context: Context
) -> None:
    """Replace members of a registration; the NGSI-LD null removes one (clause 5.5.8).

    Raises:
        ResourceNotFound: there is none.
        BadRequestData, Conflict, Forbidden: as for create_registration.
    """
    registrations.get(call, registration_id)
    if not isinstance(fragment, dict) or not fragment:
        raise BadRequestData("The fragment is a JSON object with the members to change.", pointer="")
    async with registrations.lock:
        stored = registrations.get(call, registration_id)
        _require(call, stored["body"])
        body = represent_registration(stored, context, with_secrets=True)
        for name, value in fragment.items():
            if name == "id" and value != registration_id:
                raise BadRequestData("The id of a registration cannot be changed.", pointer="/id")
            if value == NULL:
                body.pop(name, None)
            elif name not in READ_ONLY:
                body[name] = value
        content = parse_registration(body, context, now_us=call.now_us, registration_id=registration_id)
        _require(call, content)
        await _keep(registrations, call, content, created_us=stored["createdUs"], before=stored)


async def delete_registration(registrations: Registrations, call: Call, registration_id: str) -> None:
    """End a registration.

    Raises:
        ResourceNotFound: there is none.
        Forbidden: the caller may not register these types.
    """
    async with registrations.lock:
        stored = registrations.get(call, registration_id)
        _require(call, stored["body"])
        await registrations.documents.delete(call.tenant, COLLECTION, registration_id)
        registrations.changed(call.tenant, stored, None)


async def _keep(
    registrations: Registrations,
    call: Call,
    content: dict[str, Any],
    *,
    created_us: int,
    before: Mapping[str, Any] | None,
) -> None:
    for stored in registrations.current(call.tenant, call.now_us):
        other = stored["body"]
        if other["id"] != content["id"] and excludes(content, other):
            raise Conflict(
                f"The registration {other['id']} ({other['mode']}) is for the same entity and attributes.",
                pointer="/information",
            )
    _check_entities(registrations.broker.data(call), content)
    kept = {"body": content, "createdUs": created_us, "modifiedUs": call.now_us}
    await registrations.documents.put(call.tenant, COLLECTION, content["id"], kept)
    registrations.changed(call.tenant, before, kept)


def _check_entities(dataset: Dataset, content: Mapping[str, Any]) -> None:
    """Refuse to proxy what is held here (clause 5.9.2.4)."""
    if content.get("mode") not in ("exclusive", "redirect"):
        return
    for info in content["information"]:
        names = attributes_of(info)
        for record in _concerned(dataset, info):
            if not names or not names.isdisjoint(record.parsed()):
                raise Conflict(
                    f"The entity {record.id} is held here; a {content['mode']} registration would hide it.",
                    pointer="/information",
                )


def _concerned(dataset: Dataset, info: Mapping[str, Any]) -> Iterator[Record]:
    if "entities" not in info:
        yield from dataset
        return
    for entity in info["entities"]:
        if "id" in entity:
            found = dataset.get(entity["id"])
            if found is not None and not frozenset(entity["type"]).isdisjoint(found.types):
                yield found
            continue
        fits = compile_pattern(entity["idPattern"]).search if "idPattern" in entity else None
        for record in dataset:
            if not frozenset(entity["type"]).isdisjoint(record.types) and (fits is None or fits(record.id)):
                yield record


def _require(call: Call, content: Mapping[str, Any]) -> None:
    for name in types_of(content):
        if not call.may(Operation.REGISTER, name):
            raise Forbidden(
                f"{call.caller.id} may not register sources of {name or 'all types'} here. "
                "Ask the node's administrator for a role that grants it."
            )

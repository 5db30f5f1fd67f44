"""Operations on context source registrations (clauses 5.9 and 5.10)."""

from __future__ import annotations

from samstad_broker.service.registrations.query import query_registrations
from samstad_broker.service.registrations.registrations import COLLECTION, Registrations, may_change
from samstad_broker.service.registrations.writing import (
    create_registration,
    delete_registration,
    update_registration,
)

__all__ = [
    "COLLECTION",
    "Registrations",
    "create_registration",
    "delete_registration",
    "may_change",
    "query_registrations",
    "update_registration",
]

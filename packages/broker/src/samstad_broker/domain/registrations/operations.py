"""Names of distributed operations and their groups (clause 4.20)."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["AUXILIARY", "DEFAULT_OPERATIONS", "GROUPS", "OPERATIONS", "operations_of"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RETRIEVE = _words("retrieveEntity queryEntity")
_TYPES = _words("""
retrieveEntityTypes retrieveEntityTypeDetails retrieveEntityTypeInfo
retrieveAttrTypes retrieveAttrTypeDetails retrieveAttrTypeInfo
""")
_SUBSCRIPTIONS = _words("""
createSubscription updateSubscription retrieveSubscription querySubscription deleteSubscription
""")
_MAPS = _words("retrieveEntityMap updateEntityMap deleteEntityMap createEntityMapQueryEntity")
_IDENTITY = _words("retrieveContextSourceIdentity")
_UPDATE = _words("updateEntity updateAttrs replaceEntity replaceAttrs")
_CHANGE = _UPDATE | _words("createEntity appendAttrs deleteAttrs deleteEntity mergeEntity purgeEntity")

GROUPS = {
    "federationOps": _RETRIEVE | _TYPES | _SUBSCRIPTIONS | _MAPS | _IDENTITY | {"queryBatch"},
    "associationOps": _RETRIEVE | _TYPES | _SUBSCRIPTIONS | _IDENTITY | {"queryBatch"},
    "updateOps": _UPDATE,
    "retrieveOps": _RETRIEVE,
    "redirectionOps": _RETRIEVE | _TYPES | _MAPS | _IDENTITY | _CHANGE,
}
"""Group → operations (Table 4.20-2)."""

OPERATIONS = frozenset().union(*GROUPS.values()) | _words("""
createBatch upsertBatch updateBatch deleteBatch mergeBatch upsertTemporal appendAttrsTemporal
deleteAttrsTemporal updateAttrInstanceTemporal deleteAttrInstanceTemporal deleteTemporal
retrieveTemporal queryTemporal createEntityMapQueryTemporal
""")
"""Every single operation (Table 4.20-1)."""

AUXILIARY = _words("retrieveOps retrieveEntity queryEntity")
"""What an auxiliary registration may offer (clause 5.9.2.4)."""

DEFAULT_OPERATIONS = ("federationOps",)


def operations_of(names: Iterable[str] = DEFAULT_OPERATIONS) -> frozenset[str]:
    """Return the single operations that names and groups stand for."""
    return frozenset(single for name in names for single in GROUPS.get(name, (name,)))

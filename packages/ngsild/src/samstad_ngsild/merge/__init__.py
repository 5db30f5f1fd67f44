"""Updates of entity documents as pure functions: a document and a fragment in, a Change out.

Clauses 5.5.8, 5.5.12 and 5.6.2 to 5.6.5, 5.6.17 to 5.6.19 of CIM 009 v1.9.1.
"""

from __future__ import annotations

from samstad_ngsild.merge.attributes import (
    append_attributes,
    delete_attribute,
    partial_update_attribute,
    reduce_entity,
    replace_attribute,
    update_attributes,
)
from samstad_ngsild.merge.change import Change, NotUpdated
from samstad_ngsild.merge.entity import merge_entity, replace_entity
from samstad_ngsild.merge.equality import same_instance, same_instances, same_value
from samstad_ngsild.merge.versions import combine_versions

__all__ = [
    "Change",
    "NotUpdated",
    "append_attributes",
    "combine_versions",
    "delete_attribute",
    "merge_entity",
    "partial_update_attribute",
    "reduce_entity",
    "replace_attribute",
    "replace_entity",
    "same_instance",
    "same_instances",
    "same_value",
    "update_attributes",
]

"""Entities at the edge: read into documents and represented again (CIM 009 v1.9.1, clause 4.5)."""

from __future__ import annotations

from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.entities.expand import expand_attribute, expand_entity, expand_fragment
from samstad_ngsild.entities.geojson import represent_feature, represent_feature_collection
from samstad_ngsild.entities.represent import Representation, Selection, renderer, represent
from samstad_ngsild.entities.values import is_deletion

__all__ = [
    "Representation",
    "Selection",
    "expand_attribute",
    "expand_entity",
    "expand_fragment",
    "is_deletion",
    "iso",
    "parse_datetime",
    "renderer",
    "represent",
    "represent_feature",
    "represent_feature_collection",
]

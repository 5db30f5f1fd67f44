"""Entities as GeoJSON Features (clauses 4.5.16, 4.5.17, 5.2.29 to 5.2.31 and 6.3.15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from samstad_ngsild.context import Context
from samstad_ngsild.context.core import CORE_TERMS
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.geometry import looks_like_geometry
from samstad_ngsild.entities.represent import Renderer, Representation, renderer

__all__ = ["represent_feature", "represent_feature_collection"]

_LOCATION = CORE_TERMS["location"]


def represent_feature(
    document: EntityDocument,
    context: Context,
    representation: Representation | None = None,
    *,
    geometry_property: str = _LOCATION,
) -> dict[str, Any]:
    """Return an entity as a Feature, without ``@context``.

    Args:
        document: the entity.
        context: the @context of the request.
        representation: how the properties are represented; its dataset_ids select the geometry too.
        geometry_property: the expanded name of the GeoProperty that gives the geometry; where it is missing
            or has no instance to choose, the geometry is null (clause 4.5.16.1).
    """
    representation = representation or Representation()
    render = renderer(context, representation)
    return _feature(document, render, geometry_property, representation.dataset_ids)


def represent_feature_collection(
    documents: Iterable[EntityDocument],
    context: Context,
    representation: Representation | None = None,
    *,
    geometry_property: str = _LOCATION,
) -> dict[str, Any]:
    """Return entities as a FeatureCollection, without ``@context``."""
    representation = representation or Representation()
    render = renderer(context, representation)
    dataset_ids = representation.dataset_ids
    features = [_feature(document, render, geometry_property, dataset_ids) for document in documents]
    return {"type": "FeatureCollection", "features": features}


def _feature(
    document: EntityDocument, render: Renderer, geometry_property: str, dataset_ids: frozenset[str] | None
) -> dict[str, Any]:
    properties = render(document)
    properties.pop("id", None)
    return {
        "id": document["id"],
        "type": "Feature",
        "geometry": _geometry(document, geometry_property, dataset_ids),
        "properties": properties,
    }


def _geometry(document: EntityDocument, name: str, dataset_ids: frozenset[str] | None) -> Any:
    instances = document.get(name, [])
    if dataset_ids is None:
        chosen = [instance for instance in instances if "datasetId" not in instance]
    else:
        chosen = [item for item in instances if item.get("datasetId", "@none") in dataset_ids]
    if len(chosen) != 1:
        return None
    value = chosen[0].get("value")
    return value if looks_like_geometry(value) else None

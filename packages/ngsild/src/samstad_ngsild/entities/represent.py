"""Documents → what clients read: normalized, concise and simplified (clauses 4.5.1 to 4.5.5, 6.3.7, 6.3.11).

A renderer is prepared once for a @context and a representation; per entity it only walks the document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from samstad_ngsild.context import Context
from samstad_ngsild.document import NULL, VALUE_MEMBER, EntityDocument, Instance
from samstad_ngsild.entities.geometry import looks_like_geometry
from samstad_ngsild.entities.instances import reads_as_bare_value
from samstad_ngsild.entities.language import choose_language, parse_languages

__all__ = ["Renderer", "Representation", "Selection", "renderer", "represent"]

_SYSTEM = frozenset({"createdAt", "modifiedAt", "expiresAt"})
_ROOT = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
_WRAPPED = frozenset({"languageMap", "vocab", "json"})
# What is not copied as it is: member → how it is rendered.
_SPECIAL = frozenset({"objectType", "valueType", "vocab", "previousVocab", "objectList", "previousObjectList",
                      "entity", "entityList", "ngsildproof", "entityTypeSealed"})  # fmt: skip


class Selection(Protocol):
    """A projection by expanded names, such as ``query.projection.Projection`` (clause 4.21)."""

    @property
    def names(self) -> frozenset[str]:
        """The members of the entity itself."""
        ...

    def linked(self, name: str) -> Selection | None:
        """Return the projection of the entities that a member links to; None where nothing was said."""
        ...


@dataclass(frozen=True, slots=True)
class Representation:
    """How entities are represented.

    Attributes:
        format: ``normalized`` (4.5.1), ``concise`` (4.5.2.3) or ``simplified`` (4.5.4).
        sys_attrs: with createdAt, modifiedAt and expiresAt (clause 6.3.11).
        lang: language ranges that turn LanguageProperties into Properties (clause 4.15).
        pick: only these members, by expanded names, ``id`` and ``type`` among them (clause 4.21).
        omit: without these; a name with members of linked entities stays itself.
        dataset_ids: only instances with these datasetIds, ``@none`` for the default one (clause 4.5.5).
    """

    format: Literal["normalized", "concise", "simplified"] = "normalized"
    sys_attrs: bool = False
    lang: str | None = None
    pick: Selection | frozenset[str] | None = None
    omit: Selection | frozenset[str] | None = None
    dataset_ids: frozenset[str] | None = None


def represent(
    document: EntityDocument, context: Context, representation: Representation | None = None
) -> dict[str, Any]:
    """Return an entity as a client reads it, without ``@context``.

    Entities that were joined inline stand in the document as further documents, in ``entity`` and
    ``entityList`` of the instances (clause 4.5.23.2).

    Raises:
        InvalidRequest: ``lang`` cannot be read.
    """
    return renderer(context, representation or _DEFAULT)(document)


def renderer(context: Context, representation: Representation) -> Renderer:
    """Return the renderer of a representation under a @context; for many entities, ask once."""
    renderers: dict[Representation, Renderer] = context.attached.setdefault(Renderer, {})
    render = renderers.get(representation)
    if render is None:
        if len(renderers) >= _MAX_RENDERERS:
            renderers.clear()
        render = renderers[representation] = Renderer(context, representation)
    return render


class Renderer:
    """Represents documents in one way; calling it with a document gives the entity."""

    __slots__ = (
        "_attribute",
        "_compact",
        "_context",
        "_dataset_ids",
        "_dropped",
        "_languages",
        "_omit",
        "_pick",
        "_representation",
    )

    def __init__(self, context: Context, representation: Representation) -> None:
        self._context = context
        self._compact = context.compact
        self._representation = representation
        self._dropped = frozenset() if representation.sys_attrs else _SYSTEM
        self._languages = None if representation.lang is None else parse_languages(representation.lang)
        self._pick = _picked(representation.pick)
        self._omit = _omitted(representation.omit)
        self._dataset_ids = representation.dataset_ids
        self._attribute: Callable[[str, list[Instance]], Any] = {
            "normalized": self._normalized,
            "concise": self._concise,
            "simplified": self._simplified,
        }[representation.format]

    def __call__(self, document: EntityDocument) -> dict[str, Any]:
        """Return the entity as a client reads it."""
        if self._pick is not None or self._omit:
            document = self._projected(document)
        compact, attribute, dropped = self._compact, self._attribute, self._dropped
        dataset_ids = self._dataset_ids
        entity: dict[str, Any] = {}
        for name, value in document.items():
            if name in _ROOT:
                if name not in dropped:
                    entity[name] = self._root(name, value)
                continue
            if dataset_ids is not None:
                value = [item for item in value if item.get("datasetId", "@none") in dataset_ids]  # noqa: PLW2901
                if not value:
                    continue
            entity[compact(name)] = attribute(name, value)
        return entity

    def _projected(self, document: EntityDocument) -> EntityDocument:
        pick, omit = self._pick, self._omit
        return {
            name: value
            for name, value in document.items()
            if (pick is None or name in pick) and name not in omit
        }

    def _root(self, name: str, value: Any) -> Any:
        if name == "type":
            types = [self._compact(iri) for iri in value]
            return types[0] if len(types) == 1 else types
        if name == "scope" and type(value) is list and len(value) == 1:
            return value[0]
        return value

    # --- normalized (4.5.2.2, 4.5.3.2 and their like) ----------------------------------------------------

    def _normalized(self, name: str, instances: list[Instance]) -> Any:
        if len(instances) == 1:
            return self._instance(name, instances[0])
        return [self._instance(name, instance) for instance in instances]

    def _instance(self, name: str, instance: Instance) -> dict[str, Any]:
        dropped = self._dropped
        rendered: dict[str, Any] = {}
        for key, value in instance.items():
            if key in dropped:
                continue
            if ":" in key:
                rendered[self._compact(key)] = self._attribute(key, value)
            elif key in _SPECIAL:
                rendered[key] = self._special(name, key, value)
            else:
                rendered[key] = value
        if self._languages is not None and "languageMap" in rendered:
            self._speak(rendered, self._languages)
        return rendered

    def _special(self, name: str, key: str, value: Any) -> Any:
        if key in {"objectList", "previousObjectList"}:
            return self._object_list(value)
        if key in {"entity", "entityList"}:
            return self._linked(name, value)
        if key == "ngsildproof":
            return self._instance(name, value) if type(value) is dict else value
        if key == "objectType" and len(value) == 1 and type(value) is list:
            return self._compact(value[0])
        return self._compacted(value)

    def _object_list(self, value: Any) -> Any:
        """Wrap the targets as the normalized representation wants them (clause 4.5.22.2)."""
        if self._representation.format != "normalized" or value == [NULL]:
            return value
        return [{"object": uri} for uri in value]

    def _compacted(self, value: Any) -> Any:
        if type(value) is str:
            return self._compact(value)
        return [self._compact(item) for item in value]

    def _linked(self, name: str, value: Any) -> Any:
        """Render the entities that were joined inline, by what is projected of them."""
        representation = self._representation
        if representation.pick is not None or representation.omit is not None:
            representation = replace(
                representation, pick=_inner(representation.pick, name), omit=_inner(representation.omit, name)
            )
        render = renderer(self._context, representation)
        return [render(document) for document in value] if type(value) is list else render(value)

    def _speak(self, rendered: dict[str, Any], languages: tuple[str, ...]) -> None:
        language_map = rendered.pop("languageMap")
        rendered["type"] = "Property"
        if language_map:
            rendered["lang"], rendered["value"] = choose_language(language_map, languages)

    # --- concise (4.5.2.3, 4.5.3.3 and their like) -------------------------------------------------------

    def _concise(self, name: str, instances: list[Instance]) -> Any:
        if len(instances) == 1:
            return self._concise_instance(name, instances[0])
        return [self._without_type(self._instance(name, instance)) for instance in instances]

    def _concise_instance(self, name: str, instance: Instance) -> Any:
        rendered = self._without_type(self._instance(name, instance))
        if len(rendered) == 1 and "value" in rendered:
            value = rendered["value"]
            if reads_as_bare_value(value) or instance.get("type") == "GeoProperty":
                return value
        return rendered

    def _without_type(self, rendered: dict[str, Any]) -> dict[str, Any]:
        if rendered.get("type") == "Property" and looks_like_geometry(rendered.get("value")):
            return rendered  # without its type it would be read as a GeoProperty (clause 5.2.5)
        rendered.pop("type", None)
        return rendered

    # --- simplified (4.5.4) ------------------------------------------------------------------------------

    def _simplified(self, name: str, instances: list[Instance]) -> Any:
        if len(instances) == 1:
            return self._simplified_value(name, instances[0])
        return {
            "dataset": {
                instance.get("datasetId", "@none"): self._simplified_value(name, instance)
                for instance in instances
            }
        }

    def _simplified_value(self, name: str, instance: Instance) -> Any:
        linked = instance.get("entity", instance.get("entityList"))
        if linked is not None:
            return self._linked(name, linked)
        member = VALUE_MEMBER[instance["type"]]
        value = instance.get(member)
        if member not in _WRAPPED:
            return value
        if member == "vocab":
            return {"vocab": self._compacted(value)}
        if member == "languageMap" and self._languages is not None and value:
            return choose_language(value, self._languages)[1]
        return {member: value}


_DEFAULT = Representation()
_MAX_RENDERERS = 64


def _picked(pick: Selection | frozenset[str] | None) -> frozenset[str] | None:
    if pick is None or isinstance(pick, frozenset):
        return pick
    return pick.names


def _omitted(omit: Selection | frozenset[str] | None) -> frozenset[str]:
    if omit is None:
        return frozenset()
    if isinstance(omit, frozenset):
        return omit
    return frozenset(name for name in omit.names if omit.linked(name) is None)


def _inner(selection: Selection | frozenset[str] | None, name: str) -> Selection | None:
    if selection is None or isinstance(selection, frozenset):
        return None
    return selection.linked(name)

"""The core @context of NGSI-LD v1.9 as a table (CIM 009 v1.9.1, clause 4.4 and annex B).

It is built in: no URL of the core @context is ever fetched, whichever version it names.
"""

from __future__ import annotations

import re

__all__ = [
    "CORE_COERCIONS",
    "CORE_CONTEXT_URI",
    "CORE_PREFIXES",
    "CORE_TERMS",
    "DEFAULT_VOCAB",
    "core_context_document",
    "is_core_context_url",
]

CORE_CONTEXT_URI = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
"""The one URL by which the core @context is reported, in bodies and Link headers alike."""

DEFAULT_VOCAB = "https://uri.etsi.org/ngsi-ld/default-context/"
"""What a term gets that no @context defines."""

CORE_PREFIXES = {
    "ngsi-ld": "https://uri.etsi.org/ngsi-ld/",
    "geojson": "https://purl.org/geojson/vocab#",
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Terms whose IRI is the ngsi-ld prefix and the term itself.
_PLAIN = _words("""
Attribute AttributeList ContextSourceIdentity ContextSourceNotification ContextSourceRegistration Date
DateTime EntityType EntityTypeInfo EntityTypeList ExecutionResultDetails GeoProperty JsonProperty
LanguageProperty ListProperty ListRelationship Notification Property Relationship Snapshot
SnapshotNotification Subscription TemporalProperty Time VocabProperty accept aggrMethods aggrParams
aggrPeriodDuration attrs cacheDuration collation contextSourceAlias contextSourceInfo contextSourceUptime
cooldown csf data detail endpoint entities entity entityCount error errors expandValues format geoQ
geoproperty georel idPattern information isActive join jsonKeys lang linkedMaps localOnly location
management managementInterval mode ngsildproof notUpdated notification notificationTrigger notifierInfo
observationInterval observationSpace omit operationSpace operations ordering pick q reason receiverInfo
refreshRate registrationId registrationName resultStatus scope scopeQ showChanges snapshotId
snapshotLifetime snapshotPriority snapshotStatus status subscriptionName sysAttrs temporalQ throttling
timeInterval timeout timeproperty timerel timesFailed timesSent triggerReason unchanged unitCode updated
uri
""")

_DATE_TIMES = _words("""
contextSourceTimeAt createdAt deletedAt endAt endTimeAt expiresAt lastFailure lastNotification
lastSuccess lastUsedAt modifiedAt notifiedAt observedAt startAt timeAt
""")

_URIS = _words("datasetId entityId instanceId subscriptionId success tenant")

_VOCABS = _words("""
attributeList attributeName attributeNames attributeTypes attributes propertyNames relationshipNames
typeList typeName typeNames watchedAttributes
""")

_LISTS = _words("""
avg distinctCount entityList jsons max min orderBy snapshotQueries snapshotQueriesDetails
snapshotTemporalQueries snapshotTemporalQueriesDetails stddev sum sumsq totalCount
""")

_JSONS = _words("contextSourceExtras problemDetails")

# Terms whose IRI has another local name: term → (local name, coercion or container).
_RENAMED: dict[str, tuple[str, str | None]] = {
    "containedBy": ("isContainedBy", None),
    "dataset": ("hasDataset", "@index"),
    "entityMap": ("hasEntityMap", None),
    "joinLevel": ("hasJoinLevel", None),
    "json": ("hasJSON", "@json"),
    "key": ("hasKey", None),
    "languageMap": ("hasLanguageMap", "@language"),
    "languageMaps": ("hasLanguageMaps", "@list"),
    "object": ("hasObject", "@id"),
    "objectList": ("hasObjectList", "@list"),
    "objectLists": ("hasObjectLists", "@list"),
    "objectType": ("hasObjectType", "@vocab"),
    "objects": ("hasObjects", "@list"),
    "previousJson": ("hasPreviousJson", "@json"),
    "previousLanguageMap": ("hasPreviousLanguageMap", "@language"),
    "previousObject": ("hasPreviousObject", "@id"),
    "previousObjectList": ("hasPreviousObjectList", "@list"),
    "previousValue": ("hasPreviousValue", None),
    "previousValueList": ("hasPreviousValueList", "@list"),
    "previousVocab": ("hasPreviousVocab", "@vocab"),
    "value": ("hasValue", None),
    "valueList": ("hasValueList", "@list"),
    "valueLists": ("hasValueLists", "@list"),
    "valueType": ("hasValueType", "@vocab"),
    "values": ("hasValues", "@list"),
    "vocab": ("hasVocab", "@vocab"),
    "vocabs": ("hasVocabs", "@list"),
}

_GEOJSON = _words("""
Feature FeatureCollection GeometryCollection LineString MultiLineString MultiPoint MultiPolygon Point
Polygon bbox coordinates features geometry properties
""")

_GEOJSON_CONTAINERS = {"bbox": "@list", "coordinates": "@list", "features": "@set"}

_OTHER = {
    "description": "http://purl.org/dc/terms/description",
    "title": "http://purl.org/dc/terms/title",
    "langString": "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString",
    # Annex B maps these two to themselves, so that the default vocabulary takes them.
    "attributeCount": DEFAULT_VOCAB + "attributeCount",
    "attributeDetails": DEFAULT_VOCAB + "attributeDetails",
}

_CONTAINERS = frozenset({"@list", "@set", "@index", "@language"})


def _coerced() -> dict[str, str]:
    groups = (
        (_DATE_TIMES, "DateTime"),
        (_URIS, "@id"),
        (_VOCABS, "@vocab"),
        (_LISTS, "@list"),
        (_JSONS, "@json"),
    )
    coerced = {term: kind for terms, kind in groups for term in terms}
    coerced.update({term: kind for term, (_, kind) in _RENAMED.items() if kind is not None})
    coerced.update(_GEOJSON_CONTAINERS)
    return coerced


CORE_COERCIONS = _coerced()
"""Core term → its JSON-LD ``@type`` or ``@container``, where it has one."""


def _terms() -> dict[str, str]:
    ngsi_ld = CORE_PREFIXES["ngsi-ld"]
    terms = {"id": "@id", "type": "@type"}
    for group in (_PLAIN, _DATE_TIMES, _URIS, _VOCABS, _LISTS, _JSONS):
        terms.update({term: ngsi_ld + term for term in group})
    terms.update({term: ngsi_ld + name for term, (name, _) in _RENAMED.items()})
    terms.update({term: CORE_PREFIXES["geojson"] + term for term in _GEOJSON})
    return {**terms, **_OTHER, **CORE_PREFIXES}


CORE_TERMS = _terms()
"""Core term → IRI (``id`` and ``type`` → the JSON-LD keywords)."""

_CORE_URL = re.compile(r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(-v1\.\d{1,2})?\.jsonld\Z")


def is_core_context_url(url: str) -> bool:
    """Tell whether a URL names the core @context, in any version v1.N or without one."""
    return _CORE_URL.match(url) is not None


def core_context_document() -> dict[str, object]:
    """Return the core @context as a JSON-LD document, for those who fetch it from the node."""
    context: dict[str, object] = {"@version": 1.1, "@protected": True, **CORE_PREFIXES}
    for term, iri in CORE_TERMS.items():
        if term in CORE_PREFIXES:
            continue
        kind = CORE_COERCIONS.get(term)
        member = "@container" if kind in _CONTAINERS else "@type"
        context[term] = iri if kind is None else {"@id": iri, member: kind}
    context["@vocab"] = DEFAULT_VOCAB
    return {"@context": context}

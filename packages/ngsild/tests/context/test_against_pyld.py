"""PyLD as a foreign oracle: it must expand the same names to the same IRIs."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from samstad_ngsild.context import compile_context, core_context_document
from samstad_ngsild.errors import BadRequestData

CORE_JSONLD = {k: v for k, v in core_context_document()["@context"].items() if k != "@protected"}

NAMES = st.sampled_from(["a", "b", "cc", "Dd", "ex", "ex2", "location", "value", "Point", "ngsi-ld"])
SUFFIXES = st.sampled_from(["x", "a", "Thing", "b#c", "//host"])
IRIS = st.sampled_from(["https://a.example/", "https://b.example/v#", "urn:c:", "https://d.example/term"])
COMPACT = st.builds(lambda prefix, suffix: f"{prefix}:{suffix}", NAMES, SUFFIXES)
VALUES = st.one_of(IRIS, st.builds(str.__add__, IRIS, SUFFIXES.filter(str.isalpha)), COMPACT, NAMES)
DEFINITIONS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"@id": VALUES}, optional={"@type": st.sampled_from(["@id", "@vocab"])}),
    st.fixed_dictionaries({"@id": IRIS, "@prefix": st.booleans()}),
)
LOCALS = st.dictionaries(NAMES, DEFINITIONS, max_size=5)
LOCALS_WITH_VOCAB = st.builds(
    lambda local, vocab: {**vocab, **local},
    LOCALS,
    st.one_of(st.just({}), st.builds(lambda iri: {"@vocab": iri}, IRIS)),
)
ASKED = st.lists(st.one_of(NAMES, COMPACT, IRIS, st.sampled_from(["other", "urn:x:y"])), max_size=8)


def _oracle(locals_):
    processor = jsonld.JsonLdProcessor()
    active = processor._get_initial_context({"processingMode": "json-ld-1.1"})
    options = {"processingMode": "json-ld-1.1", "base": ""}
    options["contextResolver"] = jsonld.ContextResolver(jsonld._resolved_context_cache, None)
    active = processor.process_context(active, [*locals_, CORE_JSONLD], options)
    return lambda name: processor._expand_iri(active, name, vocab=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(LOCALS_WITH_VOCAB, max_size=3), ASKED)
def test_names_expand_as_a_json_ld_processor_expands_them(locals_, names):
    try:
        expand = _oracle(locals_)
    except jsonld.JsonLdError:
        return  # what JSON-LD refuses may be refused or read with less strictness
    try:
        context = compile_context(locals_, locals_)
    except BadRequestData as refusal:
        raise AssertionError((locals_, refusal.detail)) from refusal
    for name in names:
        assert context.expand(name) == expand(name), (locals_, name)
    assert context.expand("never-defined").endswith("default-context/never-defined")

"""Names by a @context: the core last, the user's in order (clauses 4.4, 5.5.5, 5.5.7)."""

import pytest
from pyld import jsonld

from samstad_ngsild.context import CORE, CORE_CONTEXT_URI, compile_context, core_context_document
from samstad_ngsild.errors import BadRequestData

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


def test_the_core_context_knows_its_terms_and_gives_others_the_default_vocabulary():
    assert CORE.expand("location") == "https://uri.etsi.org/ngsi-ld/location"
    assert CORE.expand("value") == "https://uri.etsi.org/ngsi-ld/hasValue"
    assert CORE.expand("Point") == "https://purl.org/geojson/vocab#Point"
    assert CORE.expand("Streetlight") == DEFAULT + "Streetlight"
    assert CORE.expand("urn:x:y") == "urn:x:y"
    assert CORE.expand("ngsi-ld:scope") == "https://uri.etsi.org/ngsi-ld/scope"
    assert CORE.compact(DEFAULT + "Streetlight") == "Streetlight"
    assert CORE.compact("https://uri.etsi.org/ngsi-ld/location") == "location"
    assert CORE.output == CORE.link == CORE_CONTEXT_URI
    assert CORE.compact("https://example.org/power") == "https://example.org/power"


def test_a_later_context_wins_over_an_earlier_one_and_the_core_over_all():
    first = {"power": "https://a.example/power", "level": "https://a.example/level"}
    second = {"power": "https://b.example/power", "location": "https://b.example/location"}
    context = compile_context([first, second], [first, second])
    assert context.expand("power") == "https://b.example/power"
    assert context.expand("level") == "https://a.example/level"
    assert context.expand("location") == "https://uri.etsi.org/ngsi-ld/location"
    assert context.compact("https://a.example/power") == "https://a.example/power"
    assert context.compact("https://b.example/location") == "https://b.example/location"


def test_a_null_in_the_array_forgets_what_stood_before_it():
    first = {"power": "https://a.example/power"}
    context = compile_context([first, None], [first, None])
    assert context.expand("power") == DEFAULT + "power"


def test_prefixes_vocabularies_and_definitions_as_objects():
    local = {
        "@vocab": "https://v.example/",
        "ex": "https://ex.example/#",
        "power": {"@id": "ex:power", "@type": "xsd:double"},
        "near": {"@type": "@id"},
        "alias": "power",
        "ex:kind": {"@type": "@vocab"},
    }
    context = compile_context(local, [local])
    assert context.expand("power") == "https://ex.example/#power"
    assert context.expand("alias") == "https://ex.example/#power"
    assert context.expand("ex:other") == "https://ex.example/#other"
    assert context.expand("near") == "https://v.example/near"
    assert context.expand("ex:kind") == "https://ex.example/#kind"
    assert context.coercion("near") == "@id"
    assert context.coercion("power") == "xsd:double"
    # The core's @vocab stands last, and so it is the one that counts for terms nobody defines.
    assert context.expand("unknown") == DEFAULT + "unknown"
    # Of two terms for one IRI the shorter is written.
    assert context.compact("https://ex.example/#power") == "alias"
    assert context.compact("https://ex.example/#other") != "ex:other"


def test_a_core_term_is_written_even_where_the_user_has_a_shorter_one():
    local = {"loc": "https://uri.etsi.org/ngsi-ld/location"}
    context = compile_context(local, [local])
    assert context.expand("loc") == "https://uri.etsi.org/ngsi-ld/location"
    assert context.compact("https://uri.etsi.org/ngsi-ld/location") == "location"


def test_a_local_name_that_the_user_took_for_something_else_is_not_written():
    local = {"power": "https://a.example/power"}
    context = compile_context(local, [local])
    assert context.compact(DEFAULT + "power") == DEFAULT + "power"
    assert context.compact(DEFAULT + "other") == "other"


@pytest.mark.parametrize(
    ("local", "pointer"),
    [
        ({"a": {"@id": "https://x.example/a", "@context": {}}}, "/@context/a/@context"),
        ({"a": "b", "b": "a"}, "/@context/a"),
        ({"a": "a:b"}, "/@context/a"),
        ({"a": 5}, "/@context/a"),
        ({"a": {"@id": 5}}, "/@context/a/@id"),
        ({"a": {"@id": "https://x.example/a", "@type": 3}}, "/@context/a/@type"),
        ({"a": "relative"}, "/@context/a"),
        ({"@import": "https://x.example/"}, "/@context/@import"),
        ({"@vocab": 3}, "/@context/@vocab"),
        ({"": "https://x.example/"}, "/@context"),
        ({f"t{i}": "https://x.example/" for i in range(11)}, "/@context"),
    ],
)
def test_a_wrong_context_is_bad_request_data_with_the_place(local, pointer):
    with pytest.raises(BadRequestData) as caught:
        compile_context(local, [local], max_terms=10)
    assert caught.value.pointer == pointer


def test_a_term_may_be_defined_by_way_of_others_but_not_without_end():
    last = {"last": "https://x.example/"}
    short = {f"t{i}": f"t{i + 1}" for i in range(50)} | {"t50": "last"} | last
    assert compile_context(short, [short]).expand("t0") == "https://x.example/"
    long = {f"t{i}": f"t{i + 1}" for i in range(5000)} | {"t5000": "last"} | last
    with pytest.raises(BadRequestData, match="more than 64 others"):
        compile_context(long, [long])


def test_the_memory_of_names_is_bounded_and_still_right():
    context = compile_context({}, [{}])
    for number in range(20_000):
        assert context.expand(f"term{number}") == f"{DEFAULT}term{number}"
    memo = context.expand.__self__
    assert len(memo) <= 4096
    context.expand("x" * 1000)
    assert "x" * 1000 not in memo


def test_two_contexts_of_other_content_have_other_keys_and_a_hosted_twin_the_same():
    one = compile_context({"a": "https://x.example/a"}, [{"a": "https://x.example/a"}])
    two = compile_context({"a": "https://x.example/b"}, [{"a": "https://x.example/b"}])
    assert one.key != two.key
    assert one.link is None
    hosted = one.hosted_at("https://node.example/ngsi-ld/v1/jsonldContexts/1")
    assert hosted.key == one.key
    assert hosted.link.endswith("/1")
    assert one.link is None


def test_the_built_in_core_context_reads_as_json_ld_to_the_same_names():
    document = core_context_document()
    processor = jsonld.JsonLdProcessor()
    initial = processor._get_initial_context({"processingMode": "json-ld-1.1"})
    options = {"processingMode": "json-ld-1.1", "base": ""}
    options["contextResolver"] = jsonld.ContextResolver(jsonld._resolved_context_cache, None)
    active = processor.process_context(initial, document["@context"], options)
    for term in document["@context"]:
        if not term.startswith("@"):
            assert processor._expand_iri(active, term, vocab=True) == CORE.expand(term), term
    assert CORE.expand("nobody's") == DEFAULT + "nobody's"

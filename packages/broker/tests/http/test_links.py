from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.http.links import CONTEXT_RELATION, context_link, find_context_url, page_link
from samstad_ngsild.errors import BadRequestData, InvalidRequest

URL = "https://models.example/context.jsonld"
REL = f'rel="{CONTEXT_RELATION}"'


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f'<{URL}>; {REL}; type="application/ld+json"', URL),
        (f'<{URL}>;type="application/ld+json";{REL}', URL),
        (f"<{URL}> ; rel = {CONTEXT_RELATION}", URL),
        (f'<{URL}>; rel="next {CONTEXT_RELATION}"', URL),
        (f'</page>; rel="next", <{URL}>; {REL}', URL),
        (f"<{URL}>; {REL}, <{URL}>; {REL}", URL),
        (f'<{URL}>; title="a, \\"b\\"; <c>"; {REL}', URL),
        (f'<{URL}>; rel="next"; {REL}', None),
        (f'<{URL}>; rel="profile"', None),
        (f"<{URL}>", None),
        (None, None),
    ],
)
def test_the_context_of_a_link_header(link, found):
    assert find_context_url(link) == found


def test_two_contexts_are_one_too_many():
    with pytest.raises(BadRequestData) as refused:
        find_context_url(f"<{URL}>; {REL}, <{URL}2>; {REL}")
    assert refused.value.pointer == "Link"


@pytest.mark.parametrize("link", [URL, f"<{URL}", f'<{URL}>; rel="', f"<{URL}> x", f"<{URL}>; {REL} <b>"])
def test_a_malformed_link_header_is_refused(link):
    with pytest.raises(InvalidRequest) as refused:
        find_context_url(link)
    assert refused.value.pointer == "Link"


@given(st.text(alphabet='<>;,="\\ rela:/#', max_size=40))
def test_any_header_is_read_or_refused(link):
    with contextlib.suppress(InvalidRequest, BadRequestData):
        find_context_url(link)


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<> "), min_size=1)
)
def test_what_we_write_we_read(url):
    found = find_context_url(context_link(url))
    assert found == url.replace('"', "%22").replace("\\", "%5C").replace("^", "%5E").replace(
        "`", "%60"
    ).replace("{", "%7B").replace("}", "%7D")


def test_a_page_link_keeps_every_parameter_but_the_page():
    link = page_link(
        "/ngsi-ld/v1/entities", "type=Bin&limit=5&q=a%3E1&offset=10", relation="next", limit=5, offset=15,
        media_type="application/json",
    )  # fmt: skip
    assert link == (
        '</ngsi-ld/v1/entities?type=Bin&q=a%3E1&limit=5&offset=15>; rel="next"; type="application/json"'
    )
    assert "<" not in page_link("/a", 'q=<>"', relation="prev", limit=1, offset=0, media_type="x")[1:]

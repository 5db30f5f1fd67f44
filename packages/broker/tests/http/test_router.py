from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.http.failures import MethodNotAllowed
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import location
from samstad_broker.http.router import Route, Router
from samstad_ngsild.errors import InvalidRequest, ResourceNotFound

ROOT = "/ngsi-ld/v1"


def nothing(_) -> Response:
    return Response(204, [])


def router(*routes: str) -> Router:
    pairs = (route.split(" ") for route in routes)
    return Router(Route(method=method, path=path, handler=nothing) for method, path in pairs)


CITY = router(
    "GET /entities/",
    "POST /entities/",
    "GET /entities/{entityId}",
    "PATCH /entities/{entityId}",
    "POST /entities/{entityId}/attrs/",
    "DELETE /entities/{entityId}/attrs/{attrId}",
    "POST /entityOperations/query",
    "GET /jsonldContexts",
    "GET /info/sourceIdentity",
)


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [
        ("GET", "/entities", {}),
        ("GET", "/entities/", {}),
        ("GET", "/entities/urn:ngsi-ld:Bin:1", {"entityId": "urn:ngsi-ld:Bin:1"}),
        ("GET", "/entities/http%3A%2F%2Fa.example%2Fb", {"entityId": "http://a.example/b"}),
        ("GET", "/entities/urn:g%C3%A5ta", {"entityId": "urn:gåta"}),
        ("POST", "/entities/urn:a/attrs", {"entityId": "urn:a"}),
        ("POST", "/entities/urn:a/attrs/", {"entityId": "urn:a"}),
        ("DELETE", "/entities/urn:a/attrs/b", {"entityId": "urn:a", "attrId": "b"}),
        ("HEAD", "/entities/urn:a", {"entityId": "urn:a"}),
        ("POST", "/entityOperations/query", {}),
    ],
)
def test_a_path_of_the_table_is_found(method, path, parameters):
    route, found = CITY.find(method, ROOT + path)
    assert found == parameters
    assert route.method == ("GET" if method == "HEAD" else method)


@pytest.mark.parametrize(
    "path",
    ["/", "/entitiesx", "/entities//", "/entities/urn:a/", "/entities/urn:a/other", "/entities/a/attrs/b/c",
     "/jsonldContexts/", "/entityOperations", "/entities//attrs", "/entities/http://a.example/b", ""],
)  # fmt: skip
def test_a_path_outside_the_table_is_not_found(path):
    with pytest.raises(ResourceNotFound):
        CITY.find("GET", ROOT + path)


def test_a_path_outside_the_root_is_not_found():
    for path in ("/", "", "*", "/ngsi-ld/v2/entities", "/ngsi-ld/v1entities/a", "/entities"):
        with pytest.raises(ResourceNotFound):
            CITY.find("GET", path)


def test_a_wrong_method_is_told_the_right_ones():
    with pytest.raises(MethodNotAllowed) as refused:
        CITY.find("PUT", ROOT + "/entities/urn:a")
    assert refused.value.allow == "GET, HEAD, PATCH, OPTIONS"
    with pytest.raises(MethodNotAllowed) as refused:
        CITY.find("HEAD", ROOT + "/entityOperations/query")
    assert refused.value.allow == "POST, OPTIONS"


@pytest.mark.parametrize("segment", ["%", "%4", "%zz", "a%2", "%ff", "%C3"])
def test_a_segment_that_is_not_encoded_utf8_is_refused(segment):
    with pytest.raises(InvalidRequest) as refused:
        CITY.find("GET", f"{ROOT}/entities/{segment}")
    assert refused.value.pointer == "entityId"


def test_two_routes_for_the_same_are_a_mistake_at_start():
    with pytest.raises(ValueError, match="two routes"):
        router("GET /entities/", "GET /entities")
    with pytest.raises(ValueError, match="is called"):
        router("GET /entities/{entityId}", "GET /entities/{id}/attrs")


@given(st.text(min_size=1))
def test_whatever_an_id_holds_its_location_leads_back_to_it(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    where = location(ROOT, "entities", name)
    assert CITY.find("GET", where)[1] == {"entityId": name}


@given(st.text(alphabet="/%ab{}2F:.", max_size=30))
def test_no_path_surprises_the_router(path):
    try:
        route, parameters = CITY.find("GET", path)
    except (ResourceNotFound, InvalidRequest, MethodNotAllowed):
        return
    assert route is not None
    assert all(parameters.values())

"""What the indexes let through holds every entity that the evaluator would take."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.state.dataset import LOCATION, Dataset
from samstad_broker.domain.state.narrow import narrow
from samstad_ngsild.context import CORE
from samstad_ngsild.query import compile_query, parse_query_params

BIN = CORE.expand("Bin")
LEVEL = CORE.expand("level")

values = st.one_of(st.none(), st.integers(0, 9), st.floats(0, 9), st.sampled_from(["a", "b"]), st.booleans())
places = st.tuples(st.floats(16.5, 16.52), st.floats(59.6, 59.61))


def entity(number: int, found: list, spots: list) -> dict:
    made: dict = {"id": f"urn:x:{number}", "type": [BIN]}
    if found:
        made[LEVEL] = [
            {"type": "Property", "value": value, **({"datasetId": f"urn:d:{i}"} if i else {})}
            for i, value in enumerate(found)
            if value is not None
        ] or [{"type": "Property", "value": [1, 2]}]
    if spots:
        made[LOCATION] = [
            {
                "type": "GeoProperty",
                "value": {"type": "Point", "coordinates": list(spot)},
                "datasetId": f"urn:d:{i}",
            }
            for i, spot in enumerate(spots)
        ]
    return made


@given(
    st.lists(st.tuples(st.lists(values, max_size=2), st.lists(places, max_size=2)), min_size=70, max_size=90),
    st.sampled_from(
        ["level>3", "level<=3", "level==5", "level==2..4", "level==9..1", 'level=="a"', "level>3;level<8"]
    ),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_narrowing_loses_no_match(rows, q, near):
    data = Dataset()
    documents = [entity(number, found, spots) for number, (found, spots) in enumerate(rows, start=1)]
    for number, made in enumerate(documents, start=1):
        data.add(made, number)
    params = {"type": "Bin", "q": q}
    if near:
        params |= {"georel": "near;maxDistance==300", "geometry": "Point", "coordinates": "[16.51,59.605]"}
    query = compile_query(parse_query_params(params, CORE, local=True))
    candidates = narrow(data, query)
    looked_at = candidates.sequences or [r.sequence for r in candidates.records]
    let_through = {s for s in looked_at if all(may(s) for may in candidates.may_match)}
    matches = {number for number, made in enumerate(documents, start=1) if query.matches(made)}
    assert matches <= let_through
    if candidates.is_certain is not None:
        certain = {s for s in let_through if candidates.is_certain(data.by_sequence[s])}
        assert certain <= matches
        assert q != 'level=="a"'
    assert candidates.sequences is None or candidates.sequences == sorted(candidates.sequences)

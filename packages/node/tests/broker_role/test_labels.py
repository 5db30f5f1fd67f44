"""Types that are labelled stay hidden from those who see everything else."""

from __future__ import annotations

LEVEL = {"type": "Property", "value": 1}
SECRET = "https://uri.etsi.org/ngsi-ld/default-context/Resident"


async def test_a_restricted_type_in_an_open_tenant_is_hidden_from_everybody_without_a_login(start):
    node = await start({"access.open_tenants": ["default"]})
    label = {"tenant": "*", "type": SECRET, "classification": "restricted", "personal": True}
    assert (await node.ask("PUT", "/access/v1/labels", label)).status in {200, 201, 204}
    for name, kind in (("1", "Resident"), ("2", "Bin")):
        body = {"id": f"urn:ngsi-ld:X:{name}", "type": kind, "level": LEVEL}
        assert (await node.ask("POST", "/ngsi-ld/v1/entities", body)).status == 201
    for query in ("type=Resident", "q=level==1&local=true", "local=true", "type=*", "id=urn:ngsi-ld:X:1"):
        found = await node.ask("GET", f"/ngsi-ld/v1/entities?{query}", key="")
        ids = [entity["id"] for entity in found.body]
        assert "urn:ngsi-ld:X:1" not in ids, query
    assert (await node.ask("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:X:1", key="")).status == 404
    assert (await node.ask("GET", "/ngsi-ld/v1/entities?local=true", key="")).body[0][
        "id"
    ] == "urn:ngsi-ld:X:2"

from __future__ import annotations


async def test_types_are_listed_with_their_attributes_if_asked(lamps):
    assert (await lamps.read("/types"))["typeList"] == ["Lamp", "Pole", "Secret"]
    details = {
        found["typeName"]: found["attributeNames"] for found in await lamps.read("/types?details=true")
    }
    assert details["Lamp"] == ["location", "pole", "power"]


async def test_a_type_that_nobody_has_is_not_found(lamps):
    lamp = await lamps.read("/types/Lamp")
    assert lamp["entityCount"] == 2
    kinds = {found["attributeName"]: found["attributeTypes"] for found in lamp["attributeDetails"]}
    assert kinds == {"location": ["GeoProperty"], "pole": ["Relationship"], "power": ["Property"]}
    assert (await lamps.problem("/types/Boat"))[:2] == (404, "ResourceNotFound")


async def test_attributes_are_listed_and_described(lamps):
    assert set((await lamps.read("/attributes"))["attributeList"]) == {
        "code", "height", "location", "pole", "power",
    }  # fmt: skip
    power = await lamps.read("/attributes/power")
    assert (power["attributeCount"], power["typeNames"]) == (2, ["Lamp"])
    assert (await lamps.problem("/attributes/sail"))[:2] == (404, "ResourceNotFound")


async def test_what_the_caller_may_not_read_is_not_among_them(lamps):
    assert (await lamps.read("/types", authorization="guest"))["typeList"] == ["Lamp", "Pole"]
    assert "code" not in (await lamps.read("/attributes", authorization="guest"))["attributeList"]
    assert (await lamps.problem("/types/Secret", authorization="guest"))[0] == 404
    assert (await lamps.problem("/attributes/code", authorization="guest"))[0] == 404


async def test_the_node_tells_its_name_and_takes_no_parameters(node):
    identity = await node.read("/info/sourceIdentity")
    assert identity["type"] == "ContextSourceIdentity"
    assert identity["contextSourceAlias"] == "samstad"
    assert (await node.problem("/info/sourceIdentity?local=true"))[0] == 400

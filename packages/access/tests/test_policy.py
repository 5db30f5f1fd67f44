import copy

import pytest

from samstad_access.domain.label import Classification, LabelRecord
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import Principal
from samstad_access.domain.role import BUILT_IN, Binding, RoleRecord, grants
from samstad_access.errors import PolicyRefused
from samstad_access.service.policy.engine import (
    Policy,
    Question,
    entities,
    grant_attributes,
    request,
)
from samstad_access.service.policy.statements import statements

BIN = "https://example.org/Bin"
LAMP = "https://example.org/Lamp"

TABLE = {
    "administrator": set(Operation),
    "operator": {"read", "write", "delete", "read-history", "subscribe"},
    "reader": {"read", "read-history", "subscribe"},
    "device-writer": {"write", "write-history"},
    "service": {"read", "write", "delete", "read-history", "write-history", "subscribe", "register"},
    "auditor": {"read", "read-history"},
}


@pytest.mark.parametrize("role", TABLE)
def test_each_role_does_what_its_row_says_and_nothing_else(house, role):
    caller = house.come(house.give("somebody", role))
    allowed = {operation for operation in Operation if house.access.may(caller, "north", operation, BIN)}
    assert allowed == TABLE[role]
    assert set(TABLE) == set(BUILT_IN)


@pytest.mark.parametrize(
    ("tenants", "types", "tenant", "entity_type", "allowed"),
    [
        (("north",), ("*",), "north", BIN, True),
        (("north",), ("*",), "south", BIN, False),
        (("north",), ("*",), "", BIN, False),
        (("",), ("*",), "", BIN, True),
        (("",), ("*",), "north", BIN, False),
        (("*",), ("*",), "", BIN, True),
        (("*",), ("*",), "anything", BIN, True),
        (("north",), (BIN,), "north", BIN, True),
        (("north",), (BIN,), "north", LAMP, False),
        (("north",), (BIN,), "north", None, False),
        (("north",), (BIN,), "north", "", False),
        (("north",), ("",), "north", None, False),
        (("north",), ("*",), "north", None, True),
        ((), ("*",), "north", BIN, False),
        (("north",), (), "north", BIN, False),
    ],
)
def test_a_binding_holds_in_its_tenants_for_its_types(  # noqa: PLR0917 - a row of the table
    house, tenants, types, tenant, entity_type, allowed
):
    caller = house.come(house.give("somebody", "reader", tenants=tenants, types=types))
    assert house.access.may(caller, tenant, Operation.READ, entity_type) is allowed
    assert house.access.may(caller, tenant, Operation.WRITE, entity_type) is False


def test_rights_of_two_bindings_do_not_mix(house):
    house.give("both", "reader", tenants=("north",))
    house.access.principals.change(
        house.act,
        "both",
        bindings=(
            Binding(role="reader", tenants=("north",)),
            Binding(role="operator", tenants=("south",), types=(BIN,)),
        ),
    )
    caller = house.come(house.access.keys.create(house.act, "both").text)
    may = house.access.may
    assert may(caller, "north", "read", LAMP)
    assert may(caller, "south", "write", BIN)
    assert not may(caller, "north", "write", BIN)
    assert not may(caller, "south", "read", LAMP)


def test_what_nobody_labelled_is_the_most_restricted(house):
    key = house.give("app", "reader", clearance=Classification.INTERNAL, personal=False)
    caller = house.come(key)
    assert not house.access.may(caller, "north", "read", BIN)
    label = LabelRecord(tenant="*", type=BIN, classification=Classification.INTERNAL, personal=False)
    house.access.principals.put_label(house.act, label)
    assert house.access.may(house.come(key), "north", "read", BIN)
    assert not house.access.may(house.come(key), "north", "read", LAMP)
    personal = LabelRecord(tenant="north", type=BIN, classification=Classification.OPEN, personal=True)
    house.access.principals.put_label(house.act, personal)
    assert not house.access.may(house.come(key), "north", "read", BIN)


def test_a_binding_never_raises_the_clearance_of_its_role(house):
    role = RoleRecord(name="partner", operations=(Operation.READ,), clearance=Classification.OPEN)
    house.access.principals.put_role(house.act, role)
    caller = house.come(house.give("p", "partner", clearance=Classification.RESTRICTED, personal=True))
    assert not house.access.may(caller, "north", "read", BIN)
    label = LabelRecord(tenant="*", type=BIN, classification=Classification.OPEN, personal=False)
    house.access.principals.put_label(house.act, label)
    assert house.access.may(caller, "north", "read", BIN)


def _asked():
    label = LabelRecord(tenant="*", type=BIN, classification=Classification.OPEN, personal=False)
    question = Question("north", "read", BIN, label)
    principal = Principal(
        id="somebody",
        kind="service",
        grants=grants([Binding(role="administrator", tenants=("north",), types=(BIN,))], {}),
        credential="key:x",
    )
    attributes = [grant_attributes(grant) for grant in principal.grants]
    return request(principal, question), entities(principal, question), attributes


FORBIDDING = """
forbid (principal, action, resource) when { resource.personal && !context.grant.personal };
forbid (principal, action, resource) when { principal.kind == "device" };
"""


@pytest.mark.parametrize("organisation", ["", FORBIDDING])
def test_no_attribute_can_be_left_out(organisation):
    policy = Policy(organisation)
    asked, about, attributes = _asked()
    assert policy.evaluate(asked, about, attributes)[0].allowed
    removed = 0
    for number, entity in enumerate(about):
        for name in entity["attrs"]:
            changed = copy.deepcopy(about)
            del changed[number]["attrs"][name]
            assert not policy.evaluate(asked, changed, attributes)[0].allowed, name
            removed += 1
    for name in attributes[0]:
        changed = [{key: value for key, value in attributes[0].items() if key != name}]
        assert not policy.evaluate(asked, about, changed)[0].allowed, name
        removed += 1
    assert removed == 15


@pytest.mark.parametrize("wrong", [None, "", 7, True, [], {}, "open", [1]])
def test_no_attribute_can_be_of_another_type(wrong):
    policy = Policy()
    asked, about, attributes = _asked()
    for number, entity in enumerate(about):
        for name, right in entity["attrs"].items():
            if type(right) is type(wrong):
                continue
            changed = copy.deepcopy(about)
            changed[number]["attrs"][name] = wrong
            assert not policy.evaluate(asked, changed, attributes)[0].allowed, name
    for name, right in attributes[0].items():
        if type(right) is not type(wrong) or wrong == [1]:
            assert not policy.evaluate(asked, about, [{**attributes[0], name: wrong}])[0].allowed, name


@pytest.mark.parametrize("gone", [0, 1])
def test_no_entity_can_be_left_out(gone):
    asked, about, attributes = _asked()
    rest = [entity for number, entity in enumerate(about) if number != gone]
    assert not Policy().evaluate(asked, rest, attributes)[0].allowed


@pytest.mark.parametrize("operation", ["", "READ", "drop", 'read" || true', "\ud800"])
def test_an_unknown_operation_is_denied(house, operation):
    caller = house.come(house.give("root", "administrator", tenants=("*",)))
    assert house.access.may(caller, "north", operation, BIN) is False


def test_an_unknown_operation_is_denied_even_where_everything_is_permitted(build):
    house = build(policy="permit (principal, action, resource);")
    caller = house.come(house.give("root", "administrator", tenants=("*",)))
    assert house.access.may(caller, "north", "read", BIN)
    assert house.access.may(caller, "north", "fly", BIN) is False


def test_a_forbid_that_fails_denies(build):
    # It overflows for what is restricted: Cedar skips it, and would allow.
    overflowing = """
    forbid (principal, action, resource)
    when { resource.classification * 9223372036854775807 > 9223372036854775806 && false };
    """
    house = build(policy=overflowing)
    caller = house.come(house.give("s", "reader"))
    assert house.access.may(caller, "north", "read", BIN) is False
    label = LabelRecord(tenant="*", type=LAMP, classification=Classification.OPEN, personal=False)
    house.access.principals.put_label(house.act, label)
    assert house.access.may(house.come(house.access.keys.create(house.act, "s").text), "north", "read", LAMP)


@pytest.mark.parametrize("caller", [None, "root", object()])
def test_somebody_else_s_object_is_denied(house, caller):
    assert house.access.may(caller, "north", "read", BIN) is False


def test_an_own_policy_narrows_and_widens_within_the_guards(build):
    own = """
    // Devices tell, they do not look.
    forbid (principal, action == Samstad::Action::"read", resource) when { principal.kind == "service" }
      unless { resource in Samstad::EntityType::"https://example.org/Lamp" };
    permit (principal, action == Samstad::Action::"delete", resource) when { context.grant.role == "reader" };
    permit (principal, action == Samstad::Action::"administer", resource);
    """
    house = build(policy=own)
    caller = house.come(house.give("s", "reader"))
    may = house.access.may
    assert may(caller, "north", "read", LAMP)
    assert not may(caller, "north", "read", BIN)
    assert may(caller, "north", "delete", BIN)
    assert not may(caller, "south", "delete", BIN), "a permit does not reach another tenant"
    key = house.access.keys.create(house.act, "s", operations=[Operation.READ]).text
    assert not may(house.come(key), "north", "delete", BIN), "a permit does not pass a key's own limit"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("permit (principal, action, resource) when { resource.nope };", 1, "nope"),
        ("// fine\n\npermit (principal, action, resource)\nwhen { true };\npermit (;", 5, "no Cedar policy"),
        ('forbid (principal, action == Samstad::Action::"reed", resource);', 1, "reed"),
        ("permit (principal == ?principal, action, resource);", 1, "templates"),
        ('// "a;\npermit (principal, action, resource) when { principal.kind == 3 };', 2, "type"),
        ("permit (principal, action, resource)", 1, "no Cedar policy"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(text, line, says):
    with pytest.raises(PolicyRefused) as refused:
        Policy(text, name="own.cedar")
    assert refused.value.pointer == f"own.cedar:{line}"
    assert says in refused.value.detail


def test_a_wrong_policy_leaves_the_last_one_in_use(house):
    caller = house.come(house.give("s", "reader"))
    before = house.access.policy_version
    with pytest.raises(PolicyRefused):
        house.access.use_policy("permit (")
    assert house.access.policy_version == before
    assert house.access.may(caller, "north", "read", BIN)
    house.access.use_policy("forbid (principal, action, resource);")
    assert house.access.policy_version != before
    assert not house.access.may(caller, "north", "read", BIN)


def test_statements_mind_strings_and_comments():
    found = statements('permit(a) when {"x;\\"y"};\n// ; no\n\nforbid(b);  \n')
    assert [statement.line for statement in found] == [1, 4]
    assert statements("  // nothing\n") == []


def test_an_explanation_names_the_rules(house):
    house.give("s", "reader")
    stranger = house.access.stand_in("s")
    found = house.access.explain(stranger, "south", Operation.READ, BIN)
    assert not found.allowed
    assert found.verdicts[0].reasons == ("tenant",)
    assert house.access.explain(stranger, "north", Operation.READ, BIN).verdicts[0].reasons == ("role-read",)
    assert house.access.stand_in("nobody") is None

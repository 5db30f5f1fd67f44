"""Random requests against the policy written down a second time, in plain Python."""

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_access.domain.label import Classification, Label, level
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import Principal
from samstad_access.domain.role import BUILT_IN, Binding, RoleRecord, grants
from samstad_access.service.policy.engine import Policy, Question

POLICY = Policy()
OWN = RoleRecord(name="partner", operations=(Operation.READ, Operation.REGISTER))
TENANTS = ["", "north", "south", "*", 'a"b\\', "å"]
TYPES = ["urn:T", "urn:U", "*", "", "\u0000'"]
CHANGING = {"write", "delete", "write-history", "register", "administer"}

bindings = st.builds(
    Binding,
    role=st.sampled_from([*BUILT_IN, "partner", "unknown"]),
    tenants=st.lists(st.sampled_from(TENANTS), max_size=3).map(tuple),
    types=st.lists(st.sampled_from(TYPES), max_size=3).map(tuple),
    clearance=st.none() | st.sampled_from(list(Classification)),
    personal=st.none() | st.booleans(),
)


def reference(kind, bound, limit, question):
    return any(_allows(kind, binding, limit, question) for binding in bound)


def _allows(kind, binding, limit, question):
    role = {**BUILT_IN, "partner": OWN}.get(binding.role)
    if role is None or question.operation not in role.operations:
        return False
    if limit is not None and question.operation not in limit:
        return False
    if kind == "anonymous" and question.operation in CHANGING:
        return False
    if "*" not in binding.tenants and question.tenant not in binding.tenants:
        return False
    if "*" not in binding.types and (
        question.entity_type is None or question.entity_type not in binding.types
    ):
        return False
    clearance = level(role.clearance)
    if binding.clearance is not None:
        clearance = min(clearance, level(binding.clearance))
    if level(question.label.classification) > clearance:
        return False
    return not question.label.personal or (role.personal and binding.personal is not False)


@given(
    kind=st.sampled_from(["person", "service", "device", "anonymous"]),
    bound=st.lists(bindings, max_size=4),
    limit=st.none() | st.frozensets(st.sampled_from(list(Operation))),
    question=st.builds(
        Question,
        tenant=st.sampled_from([name for name in TENANTS if name != "*"]),
        operation=st.sampled_from(list(Operation)),
        entity_type=st.none() | st.sampled_from([name for name in TYPES if name != "*"]),
        label=st.builds(Label, st.sampled_from(list(Classification)), st.booleans()),
    ),
)
@settings(max_examples=100, deadline=None)
def test_the_policy_decides_as_the_reference_does(kind, bound, limit, question):
    principal = Principal(
        id="p", kind=kind, grants=grants(bound, {"partner": OWN}, limit=limit), credential="key:x"
    )
    assert POLICY.allows(principal, question) is reference(kind, bound, limit, question)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_strange_names_are_only_ever_themselves(tenant, other, entity_type):
    bound = [Binding(role="reader", tenants=(tenant,), types=(entity_type,))]
    principal = Principal(id="p", kind="service", grants=grants(bound, {}), credential="key:x")
    allowed = POLICY.allows(principal, Question(other, "read", entity_type, Label()))
    assert allowed is (tenant in {other, "*"})

import msgspec
import pytest

from samstad_access.domain.account import ScryptCost
from samstad_access.domain.label import Classification, LabelRecord
from samstad_access.domain.operation import Operation
from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.role import Binding, RoleRecord
from samstad_access.domain.secret_text import SecretKind, compose
from samstad_access.domain.session import csrf_token
from samstad_access.errors import BadInput, Conflict, NotFound, TooManyAttempts, Unauthenticated
from samstad_access.settings import AccessSettings

SECOND_US = 1_000_000
TYPE = "https://example.org/Bin"


@pytest.fixture
def key(house) -> str:
    return house.give("app", "operator")


@pytest.mark.parametrize(
    "headers",
    [
        lambda key: {"x-api-key": key},
        lambda key: {"authorization": f"Bearer {key}"},
        lambda key: {"authorization": f"bearer  {key} "},
        lambda key: {"x-api-key": key, "cookie": "samstad_session=x"},
    ],
)
def test_a_key_identifies_its_principal(house, key, now_us, headers):
    caller = house.access.identify(headers(key), now_us=now_us)
    assert caller.id == "app"
    assert house.access.identify(headers(key), now_us=now_us) is caller
    assert hash(caller) == hash(house.access.identify(headers(key), now_us=now_us))


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "Bearer", "x" * 100_000, "samstad_", "\ud800", "\x00", "å",
        "samstad_aaaaaaaaaaaa_" + "A" * 49,
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_in_the_same_words(house, key, now_us, header):
    details = set()
    changed = key[:-10] + ("A" if key[-10] != "A" else "B") + key[-9:]
    for headers in ({"x-api-key": header}, {"authorization": header}, {"x-api-key": changed}):
        with pytest.raises(Unauthenticated) as refused:
            house.access.identify(headers, now_us=now_us)
        details.add(refused.value.detail)
    assert len(details) == 1
    assert "samstad_" not in details.pop()


def test_known_id_and_unknown_id_cannot_be_told_apart(house, key):
    public = key.split("_")[1]
    _, forged, _ = compose(SecretKind.KEY, bytes(40))
    _, real_shape, _ = compose(SecretKind.KEY, bytes(range(40)))
    answers = set()
    for text in (forged, real_shape, key.replace(public, "a" * 12)):
        with pytest.raises(Unauthenticated) as refused:
            house.come(text)
        answers.add(str(refused.value))
    assert len(answers) == 1


def test_who_guesses_is_told_to_wait_and_nobody_else(house, key, now_us):
    def come(text, peer, now_us=now_us):
        return house.access.identify({"x-api-key": text}, now_us=now_us, peer=peer)

    for _ in range(11):
        with pytest.raises(Unauthenticated):
            come("wrong", "192.0.2.7")
    with pytest.raises(TooManyAttempts) as refused:
        come("wrong", "192.0.2.7")
    assert refused.value.retry_after_s == 1
    assert come(key, "192.0.2.7").id == "app", "a key that counts is never held back"
    for peer, later_us in (("192.0.2.8", now_us), ("192.0.2.7", now_us + SECOND_US)):
        with pytest.raises(Unauthenticated):
            come("wrong", peer, later_us)


def test_two_credentials_at_once_are_refused(house, key, now_us):
    house.come(key)
    with pytest.raises(Unauthenticated, match="one of them"):
        house.access.identify({"x-api-key": key, "authorization": f"Bearer {key}"}, now_us=now_us)


def test_several_keys_count_until_each_expires_or_is_revoked(house, key, now_us):
    limited = house.access.keys.create(house.act, "app", expires_us=now_us + 5 * SECOND_US)
    assert house.come(key).id == house.come(limited.text).id == "app"
    assert house.come(limited.text, now_us=now_us + 4 * SECOND_US)
    with pytest.raises(Unauthenticated):
        house.come(limited.text, now_us=now_us + 5 * SECOND_US)
    assert house.come(key, now_us=now_us + 5 * SECOND_US)
    house.access.keys.revoke(house.act, key.split("_")[1])
    with pytest.raises(Unauthenticated):
        house.come(key)


def test_revocation_reaches_who_is_already_in(house, key, now_us):
    caller = house.come(key)
    assert house.access.may(caller, "north", "write", TYPE)
    assert house.access.is_current(caller, now_us=now_us)
    house.access.keys.revoke(house.act, key.split("_")[1])
    assert not house.access.may(caller, "north", "write", TYPE)
    assert not house.access.is_current(caller, now_us=now_us)


def test_changed_rights_reach_who_is_already_in(house, key):
    caller = house.come(key)
    assert house.access.may(caller, "north", "write", TYPE)
    reader = (Binding(role="reader", tenants=("north",)),)
    house.access.principals.change(house.act, "app", bindings=reader)
    assert not house.access.may(caller, "north", "write", TYPE)
    assert house.access.may(caller, "north", "read", TYPE)
    assert house.come(key) is not caller
    house.access.principals.change(house.act, "app", disabled=True)
    assert not house.access.may(caller, "north", "read", TYPE)
    with pytest.raises(Unauthenticated):
        house.come(key)
    house.access.principals.change(house.act, "app", disabled=False)
    assert house.come(key).id == "app"


def test_a_redefined_role_reaches_who_is_already_in(house):
    role = RoleRecord(name="crew", operations=(Operation.READ,), clearance=Classification.RESTRICTED,
                      personal=True)  # fmt: skip
    house.access.principals.put_role(house.act, role)
    caller = house.come(house.give("c", "crew"))
    assert house.access.may(caller, "north", "read", TYPE)
    house.access.principals.put_role(house.act, msgspec.structs.replace(role, operations=()))
    assert not house.access.may(caller, "north", "read", TYPE)
    house.access.principals.put_role(house.act, role)
    assert house.access.may(caller, "north", "read", TYPE)
    house.access.principals.remove_role(house.act, "crew")
    assert not house.access.may(caller, "north", "read", TYPE)


def test_a_removed_principal_leaves_no_way_in(house, key):
    house.access.principals.remove(house.act, "app")
    with pytest.raises(Unauthenticated):
        house.come(key)
    assert house.access.keys.list_records(principal="app") == []


def test_a_key_can_admit_less_than_its_principal_may(house):
    house.give("app", "operator")
    key = house.access.keys.create(house.act, "app", operations=[Operation.READ]).text
    assert house.access.may(house.come(key), "north", "read", TYPE)
    assert not house.access.may(house.come(key), "north", "write", TYPE)


def test_rotation_leaves_no_gap_and_ends_the_old_key(house, now_us):
    house.give("app", "operator")
    old = house.access.keys.create(house.act, "app", name="gateway", operations=[Operation.WRITE])
    new = house.access.keys.rotate(house.act, old.record.id, overlap_us=10 * SECOND_US)
    assert new.text != old.text
    assert (new.record.name, new.record.operations) == ("gateway", (Operation.WRITE,))
    assert house.come(old.text, now_us=now_us + 9 * SECOND_US)
    assert house.come(new.text, now_us=now_us + 11 * SECOND_US)
    with pytest.raises(Unauthenticated):
        house.come(old.text, now_us=now_us + 11 * SECOND_US)
    house.access.keys.revoke(house.act, new.record.id)
    with pytest.raises(Conflict):
        house.access.keys.rotate(house.act, new.record.id, overlap_us=0)


def test_a_key_is_shown_once(house):
    house.give("app", "reader")
    new = house.access.keys.create(house.act, "app")
    listed = str(house.access.keys.list_records(principal="app")) + str(house.audit)
    assert new.text not in listed
    assert new.text not in repr(new)
    assert new.text.split("_", 2)[2] not in listed


def test_keys_need_a_principal_and_a_future(house, now_us):
    with pytest.raises(NotFound):
        house.access.keys.create(house.act, "nobody")
    house.give("app", "reader")
    with pytest.raises(BadInput):
        house.access.keys.create(house.act, "app", expires_us=now_us)


def test_use_is_noted_coarsely(house, key, now_us):
    key_id = key.split("_")[1]
    house.come(key)
    assert house.access.keys.last_used_us(key_id) is None
    house.access.maintain(now_us=now_us)
    assert house.access.keys.last_used_us(key_id) == now_us
    later = now_us + 700 * SECOND_US
    house.come(key, now_us=later)
    house.access.maintain(now_us=later)
    assert house.access.keys.last_used_us(key_id) == later


def test_a_clock_that_goes_back_harms_nobody(house, key, now_us):
    assert house.come(key, now_us=now_us).id == "app"
    assert house.come(key, now_us=now_us - 10**12).id == "app"


def test_nobody_comes_in_where_no_tenant_is_open(house, now_us):
    with pytest.raises(Unauthenticated):
        house.access.identify({}, now_us=now_us)
    with pytest.raises(Unauthenticated):
        house.access.identify({"cookie": "other=1"}, now_us=now_us)


def test_anybody_may_do_in_open_tenants_what_was_declared_and_no_more(build, now_us):
    house = build(settings=AccessSettings(open_tenants=("open",), open_operations=("read", "subscribe")))
    nobody = house.access.identify({}, now_us=now_us)
    assert nobody.id == "anonymous"
    assert {o for o in Operation if house.access.may(nobody, "open", o, TYPE)} == {"read", "subscribe"}
    for tenant in ("", "closed", "*"):
        assert not any(house.access.may(nobody, tenant, operation, TYPE) for operation in Operation)
    assert house.access.tenants(nobody, ["", "open", "closed"]) == {"open"}


def test_an_open_tenant_does_not_open_what_is_labelled_otherwise(build, now_us):
    house = build(settings=AccessSettings(open_tenants=("open",)))
    nobody = house.access.identify({}, now_us=now_us)
    assert house.access.may(nobody, "open", "read", TYPE)
    label = LabelRecord(tenant="*", type=TYPE, classification=Classification.OPEN, personal=True)
    house.access.principals.put_label(house.act, label)
    assert not house.access.may(nobody, "open", "read", TYPE)
    assert house.access.may(house.access.identify({}, now_us=now_us), "open", "read", TYPE + "2")


def test_a_wrong_credential_is_not_taken_for_nobody(build, now_us):
    house = build(settings=AccessSettings(open_tenants=("open",)))
    for headers in ({"x-api-key": "wrong"}, {"authorization": "Basic eA=="}, {"cookie": "samstad_session=x"}):
        with pytest.raises(Unauthenticated):
            house.access.identify(headers, now_us=now_us)


@pytest.mark.parametrize(
    "settings",
    [
        AccessSettings(open_tenants=("*",)),
        AccessSettings(open_tenants=("a",), open_operations=("read", "write")),
        AccessSettings(issuer="https://i", audience=""),
        AccessSettings(issuer="https://i", audience="a", algorithms=("RS256", "none")),
        AccessSettings(issuer="https://i", audience="a", algorithms=("HS256",)),
        AccessSettings(issuer="https://i", audience="a", algorithms=()),
    ],
)
def test_a_setting_that_would_open_the_node_is_refused(build, settings):
    with pytest.raises(BadInput) as refused:
        build(settings=settings)
    assert refused.value.pointer.startswith("access.")


async def test_a_session_in_a_cookie_changes_things_only_with_its_csrf_token(house, now_us):
    house.give("eva", "operator")
    house.access.login._terms = msgspec.structs.replace(
        house.access.login._terms, cost=ScryptCost(n=16, r=1, p=1)
    )
    house.access.login.set_password(house.act, "eva", principal="eva", password="correct horse battery")
    session = await house.access.login.log_in(house.act, "eva", "correct horse battery", peer="10.0.0.1")
    cookie = {"cookie": f"a=b; samstad_session={session.text}"}
    bare = house.access.identify(cookie, now_us=now_us)
    proven = house.access.identify({**cookie, "x-csrf-token": csrf_token(session.text)}, now_us=now_us)
    forged = house.access.identify({**cookie, "x-csrf-token": csrf_token("other")}, now_us=now_us)
    assert bare.id == proven.id == forged.id == "eva"
    for caller, may_write in ((bare, False), (forged, False), (proven, True)):
        assert house.access.may(caller, "north", "write", TYPE) is may_write
        assert house.access.may(caller, "north", "read", TYPE)
    with pytest.raises(Unauthenticated):
        house.access.identify(cookie, now_us=session.record.expires_us)
    house.access.sessions.end(house.act, session.record.id)
    with pytest.raises(Unauthenticated):
        house.access.identify(cookie, now_us=now_us)
    assert not house.access.may(proven, "north", "read", TYPE)


def test_tenants_without_rights_look_as_if_they_did_not_exist(house):
    caller = house.come(house.give("s", "reader", tenants=("north", "planned")))
    known = ["", "north", "south"]
    assert house.access.tenants(caller, known) == {"north"}
    for operation in Operation:
        there = house.access.may(caller, "south", operation, TYPE)
        assert there is house.access.may(caller, "never-made", operation, TYPE) is False
    everywhere = house.come(house.give("root", "administrator", tenants=("*",)))
    assert house.access.tenants(everywhere, known) == set(known)
    typed = house.come(house.give("t", "reader", types=(TYPE,)))
    assert house.access.tenants(typed, known) == {"north"}


def test_the_last_administrator_stays(house):
    house.give("root", "administrator", tenants=("*",))
    for attempt in (
        lambda: house.access.principals.remove(house.act, "root"),
        lambda: house.access.principals.change(house.act, "root", disabled=True),
        lambda: house.access.principals.change(house.act, "root", bindings=()),
    ):
        with pytest.raises(Conflict):
            attempt()
    house.access.principals.create(
        house.act, PrincipalRecord(id="deputy", bindings=(Binding(role="administrator", tenants=("*",)),))
    )
    house.access.principals.remove(house.act, "root")
    with pytest.raises(NotFound):
        house.access.principals.get("root")


def test_unknown_and_reserved_names_are_refused(house):
    with pytest.raises(BadInput) as refused:
        house.give("x", "emperor")
    assert refused.value.pointer == "/bindings/0/role"
    with pytest.raises(BadInput):
        house.give("anonymous", "reader")
    with pytest.raises(Conflict):
        house.access.principals.put_role(house.act, RoleRecord(name="reader", operations=()))


def test_known_credentials_are_bounded(house, monkeypatch):
    monkeypatch.setattr("samstad_access.service.credentials._MOST_KNOWN", 8)
    house.give("app", "reader")
    keys = [house.access.keys.create(house.act, "app").text for _ in range(20)]
    assert {house.come(key).id for key in keys} == {"app"}
    assert len(house.access._credentials._known) <= 8
    assert house.come(keys[0]).id == "app"

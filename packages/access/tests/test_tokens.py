"""Tokens, and the ways in which they are forged."""

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from samstad_access.domain.account import ScryptCost
from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.role import Binding
from samstad_access.domain.token import TokenRules, claim, token_bindings, token_limit
from samstad_access.errors import KeySetRefused, Unauthenticated
from samstad_access.service.access import Access, Surroundings
from samstad_access.service.key_refresh import KeyRefresh, RefreshTerms
from samstad_access.service.key_set import PublicKeys
from samstad_access.settings import AccessSettings
from samstad_access.store.memory import MemoryStore

ISSUER = "https://login.example.org"
SETTINGS = AccessSettings(issuer=ISSUER, audience="samstad", leeway_s=30)
DAY_US = 86_400 * 1_000_000
NOW_US = 1_795_000_000_000_000
TYPE = "https://example.org/Bin"

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})


def jwks(*keys) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def b64(data: bytes | dict) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def fresh() -> SimpleNamespace:
    access = Access(SETTINGS, Surroundings(store=MemoryStore(), audit=lambda _: None))
    access.use_keys(jwks(RSA), until_us=NOW_US + DAY_US)
    return SimpleNamespace(access=access)


@pytest.fixture
def house(build, now_us):
    house = build(settings=SETTINGS)
    house.access.use_keys(jwks(RSA, EC, OKP), until_us=now_us + 7 * DAY_US)
    return house


@pytest.fixture
def claims(now_us):
    now_s = now_us // 1_000_000
    return {
        "iss": ISSUER, "aud": "samstad", "sub": "eva", "iat": now_s, "exp": now_s + 600,
        "roles": ["operator", "nonsense"], "tenants": ["north"],
    }  # fmt: skip


def sign(claims, key=RSA, alg="RS256", **header) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, claims, key, algorithms=[alg])


def come(house, token, now_us):
    return house.access.identify({"authorization": f"Bearer {token}"}, now_us=now_us)


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (OKP, "Ed25519")])
def test_a_good_token_brings_its_roles_into_its_tenants(house, claims, now_us, key, alg):
    caller = come(house, sign(claims, key, alg), now_us)
    assert (caller.id, caller.kind, caller.roles) == ("token:eva", "person", ("operator",))
    assert house.access.may(caller, "north", "write", TYPE)
    assert not house.access.may(caller, "south", "read", TYPE)
    assert not house.access.may(caller, "north", "administer", None)


WRONG_CLAIMS = [
    {"iss": "https://evil.example.org"}, {"iss": None}, {"iss": [ISSUER]}, {"aud": "other"},
    {"aud": ["other"]}, {"aud": None}, {"aud": {"samstad": 1}}, {"exp": None}, {"exp": "9999999999"},
    {"exp": True}, {"exp": 0},
    {"exp": 1e300}, {"nbf": 1 << 40}, {"nbf": "0"}, {"iat": 1 << 40}, {"sub": None}, {"sub": ""}, {"sub": 7},
    {"sub": "x" * 300}, {"sub": "a\nb"}, {"sub": "å"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_CLAIMS, ids=str)
def test_a_token_with_a_wrong_claim_is_refused(house, claims, now_us, wrong):
    changed = {name: value for name, value in {**claims, **wrong}.items() if value is not None}
    with pytest.raises(Unauthenticated):
        come(house, sign(changed), now_us)


@pytest.mark.parametrize(("after_s", "counts"), [(0, True), (629, True), (630, False), (10_000, False)])
def test_a_token_counts_until_it_expires_and_the_leeway_is_over(house, claims, now_us, after_s, counts):
    token = sign(claims)
    come(house, token, now_us)
    later = now_us + after_s * 1_000_000
    if counts:
        assert come(house, token, later).id == "token:eva"
    else:
        with pytest.raises(Unauthenticated):
            come(house, token, later)


def test_infinite_and_undefined_times_are_no_times(house, claims, now_us):
    for text in ("NaN", "Infinity", "1e999"):
        payload = json.dumps({**claims, "exp": 0}).replace('"exp": 0', f'"exp": {text}').encode()
        token = jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, payload, RSA, algorithms=["RS256"])
        with pytest.raises(Unauthenticated):
            come(house, token, now_us)


def _hmac_token(claims, secret: bytes, **header) -> str:
    signed = f"{b64({'alg': 'HS256', 'typ': 'JWT', **header})}.{b64(claims)}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _forgeries(claims):
    good = sign(claims)
    head, body, signature = good.split(".")
    pem = RSA.raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = RSA.raw_value.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    other = OTHER.as_dict(private=False)
    return {
        "alg none": f"{b64({'alg': 'none', 'kid': 'rsa'})}.{body}.",
        "alg None": f"{b64({'alg': 'None', 'kid': 'rsa'})}.{body}.",
        "alg none with signature": f"{b64({'alg': 'none', 'kid': 'rsa'})}.{body}.{signature}",
        "no alg": f"{b64({'kid': 'rsa'})}.{body}.{signature}",
        "alg as list": f"{b64({'alg': ['RS256'], 'kid': 'rsa'})}.{body}.{signature}",
        "HS256 with the public key as PEM": _hmac_token(claims, pem, kid="rsa"),
        "HS256 with the public key as DER": _hmac_token(claims, der, kid="rsa"),
        "HS256 with the JWKS": _hmac_token(claims, jwks(RSA), kid="rsa"),
        "HS256 with nothing": _hmac_token(claims, b"", kid="rsa"),
        "another key under the same kid": sign(claims, OTHER),
        "unknown kid": sign(claims, OTHER, kid="unknown"),
        "kid as path": sign(claims, OTHER, kid="../../dev/null"),
        "kid as SQL": sign(claims, OTHER, kid="' UNION SELECT 'x"),
        "kid of another type of key": sign(claims, EC, "ES256", kid="rsa"),
        "no kid among several keys": jwt.encode({"alg": "RS256"}, claims, RSA, algorithms=["RS256"]),
        "key in the header": sign(claims, OTHER, jwk=other),
        "key from an address": sign(claims, RSA, jku="https://evil.example.org/jwks"),
        "certificate in the header": sign(claims, RSA, x5c=["MIIB"]),
        "another type": sign(claims, RSA, typ="logout+jwt"),
        "algorithm not allowed": sign(claims, RSA, "RS512"),
        "signature cut": good[:-4],
        "signature empty": f"{head}.{body}.",
        "another body": f"{head}.{b64({**claims, 'sub': 'root'})}.{signature}",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{signature}",
        "encrypted form": f"{head}.{body}.{signature}.{body}.{signature}",
        "header no object": f"{b64(b'[]')}.{body}.{signature}",
        "header deep": f"{b64(b'[' * 5000)}.{body}.{signature}",
        "body no object": sign_bytes(b"[]"),
        "body no JSON": sign_bytes(b"\xff"),
        "body deep": sign_bytes(b"[" * 4000),
        "too long": good + "A" * 9000,
        "not ASCII": good + "å",
    }  # fmt: skip


def sign_bytes(payload: bytes) -> str:
    return jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, payload, RSA, algorithms=["RS256"])


def _crit(claims) -> str:
    head = b64({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": False})
    return f"{head}.{b64(claims)}.{sign(claims).split('.')[2]}"


def test_no_forgery_comes_in(house, claims, now_us):
    assert come(house, sign(claims), now_us)
    forgeries = {**_forgeries(claims), "critical extension": _crit(claims)}
    details = set()
    for token in forgeries.values():
        with pytest.raises(Unauthenticated) as refused:
            come(house, token, now_us)
        details.add(refused.value.detail)
    assert len(details) == 1, "a refusal never says why"
    assert sum(house.access.tokens.refusals.values()) == len(forgeries)
    assert len(house.access.tokens.refusals) < 12, "reasons are a fixed set"


@given(st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_a_token_with_anything_changed_is_refused_or_still_itself(data):
    house = fresh()
    now_s = NOW_US // 1_000_000
    good = sign({"iss": ISSUER, "aud": "samstad", "sub": "eva", "exp": now_s + 9, "tenants": [], "roles": []})
    place = data.draw(st.integers(0, len(good) - 1))
    cut = data.draw(st.integers(0, 5))
    changed = good[:place] + data.draw(st.text(max_size=5)) + good[place + cut :]
    try:
        assert come(house, changed, NOW_US).id == "token:eva"
    except Unauthenticated:
        assert changed != good


@given(st.dictionaries(st.sampled_from(["x-api-key", "authorization", "cookie", "x-csrf-token"]), st.text()))
@hypothesis_settings(max_examples=100, deadline=None)
def test_no_header_does_more_than_be_refused(headers):
    house = fresh()
    with pytest.raises(Unauthenticated):
        house.access.identify(headers, now_us=NOW_US)


def test_a_token_is_no_api_key(house, claims, now_us):
    with pytest.raises(Unauthenticated):
        house.access.identify({"x-api-key": sign(claims)}, now_us=now_us)


def test_tokens_are_refused_where_no_issuer_is_set(build, claims, now_us):
    with pytest.raises(Unauthenticated):
        come(build(), sign(claims), now_us)


def test_tokens_are_refused_while_there_are_no_keys_or_only_old_ones(build, claims, now_us):
    house = build(settings=SETTINGS)
    with pytest.raises(Unauthenticated):
        come(house, sign(claims), now_us)
    house.access.use_keys(jwks(RSA), until_us=now_us + 100_000_000)
    token = sign(claims)
    assert come(house, token, now_us)
    with pytest.raises(Unauthenticated):
        come(house, token, now_us + 100_000_000)


def test_a_key_that_the_issuer_withdrew_proves_nothing_any_more(house, claims, now_us):
    token = sign(claims)
    caller = come(house, token, now_us)
    assert house.access.may(caller, "north", "read", TYPE)
    house.access.use_keys(jwks(EC), until_us=now_us + DAY_US)
    assert not house.access.may(caller, "north", "read", TYPE)
    with pytest.raises(Unauthenticated):
        come(house, token, now_us)


def test_a_record_of_the_subject_adds_rights_and_can_shut_it_out(house, claims, now_us):
    token = sign({**claims, "roles": []})
    assert not house.access.may(come(house, token, now_us), "north", "read", TYPE)
    bound = (Binding(role="reader", tenants=("south",)),)
    house.access.principals.create(house.act, PrincipalRecord(id="token:eva", bindings=bound))
    assert house.access.may(come(house, token, now_us), "south", "read", TYPE)
    house.access.principals.change(house.act, "token:eva", disabled=True)
    with pytest.raises(Unauthenticated):
        come(house, token, now_us)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"roles": ["a", "b"], "tenants": ["n"]}, [("a", ("n",)), ("b", ("n",))]),
        ({"roles": "a", "tenants": "n"}, [("a", ("n",))]),
        ({"roles": ["a"]}, []),
        ({"roles": ["a"], "tenants": []}, []),
        ({"roles": ["a"], "tenants": ["*"]}, []),
        ({"roles": ["a"], "tenants": {"n": 1}}, []),
        ({"roles": {"a": 1}, "tenants": ["n"]}, []),
        ({"roles": [7, None, "a"], "tenants": [None, "n"]}, [("a", ("n",))]),
        ({"tenants": ["n"]}, []),
    ],
)
def test_a_claim_that_is_missing_never_widens(claims, expected):
    rules = TokenRules(issuer="i", audience="a", algorithms=frozenset({"RS256"}))
    assert [(b.role, b.tenants) for b in token_bindings(claims, rules)] == expected


def test_claims_are_found_along_their_path():
    claims = {"realm_access": {"roles": ["x"]}, "https://a.b/roles": ["y"]}
    assert claim(claims, "realm_access.roles") == ["x"]
    assert claim(claims, "https://a.b/roles") == ["y"]
    assert claim(claims, "realm_access.roles.deeper") is None


@pytest.mark.parametrize(
    ("scope", "limit"),
    [
        (None, None), ("openid profile", None), ("openid samstad:read", {"read"}), ("samstad:", set()),
        ("samstad:everything", set()), (["samstad:write", "x"], {"write"}),
    ],
)  # fmt: skip
def test_scopes_narrow_a_token(scope, limit):
    assert token_limit({} if scope is None else {"scope": scope}) == limit


def test_a_key_set_leaves_out_what_proves_nothing():
    short = rsa.generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505 - to be refused
    weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": b64(short.n.to_bytes(128, "big"))}
    usable = PublicKeys(
        json.dumps(
            {
                "keys": [
                    RSA.as_dict(private=False),
                    {**EC.as_dict(private=False), "use": "enc"},
                    OctKey.generate_key(256, {"kid": "oct"}).as_dict(private=True),
                    {**OKP.as_dict(private=True)},
                    weak,
                    {"kty": "RSA", "kid": "broken", "n": "!!", "e": "AQAB"},
                    {"kty": "new"},
                ]
            }
        ).encode()
    )
    assert [name for name in ("rsa", "ec", "oct", "okp", "weak", "broken") if name in usable] == ["rsa"]
    assert usable.find("rsa", "ES256") is None
    assert usable.find("rsa", "HS256") is None
    assert usable.find(None, "RS256") is not None


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": []}', b'{"keys": [1]}', b"x" * 300_000]
)
def test_what_is_no_key_set_is_refused_and_the_last_one_stays(house, claims, now_us, document):
    with pytest.raises(KeySetRefused):
        house.access.use_keys(document, until_us=now_us + DAY_US)
    assert come(house, sign(claims), now_us)


class Issuer:
    """A KeySource that can be switched off."""

    def __init__(self, document: bytes) -> None:
        self.document: bytes | None = document
        self.asked = 0

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.document is None:
            raise KeySetRefused("gone")
        return self.document


async def test_tokens_outlive_their_issuer_for_days_also_over_a_restart(build, claims, now_us, tmp_path):
    issuer = Issuer(jwks(RSA))
    terms = RefreshTerms(cache_s=7 * 86_400)
    first = build(settings=SETTINGS)
    keys = KeyRefresh(issuer, first.access, cache=tmp_path / "jwks.json", place="x", terms=terms)
    assert not keys.load(now_us=now_us)
    assert await keys.refresh(now_us=now_us)
    issuer.document = None
    assert not await keys.refresh(now_us=now_us)
    assert keys.fault == "gone"
    assert come(first, sign(claims), now_us)

    again = build(settings=SETTINGS)
    later = now_us + 6 * DAY_US
    keys = KeyRefresh(issuer, again.access, cache=tmp_path / "jwks.json", place="x", terms=terms)
    assert keys.load(now_us=later)
    fresh = sign({**claims, "iat": later // 1_000_000, "exp": later // 1_000_000 + 600})
    assert come(again, fresh, later)
    assert not keys.load(now_us=now_us + 8 * DAY_US)
    elsewhere = KeyRefresh(issuer, again.access, cache=tmp_path / "jwks.json", place="y", terms=terms)
    assert not elsewhere.load(now_us=later)
    (tmp_path / "jwks.json").write_bytes(b"torn")
    assert not keys.load(now_us=later)


async def test_an_unknown_kid_asks_for_keys_at_most_once_a_minute(house, claims, now_us):
    asked = 0
    tokens = [sign(claims, OTHER, kid=f"unknown{turn}") for turn in range(3)]
    for second in range(180):
        moment = now_us + second * 1_000_000
        for token in tokens:
            with pytest.raises(Unauthenticated):
                come(house, token, moment)
        asked += house.access.refresh_wanted(now_us=moment)
    assert asked == 3


async def test_the_background_task_asks_when_due_and_when_wanted(house, claims, now_us, tmp_path):
    issuer = Issuer(jwks(RSA))
    keys = KeyRefresh(issuer, house.access, cache=tmp_path / "jwks.json", place="x",
                      terms=RefreshTerms(every_s=3600))  # fmt: skip
    clock = [now_us]

    class Stop(Exception):
        pass

    async def sleep(seconds: float) -> None:
        clock[0] += int(seconds * 1_000_000)
        if clock[0] == now_us + 100 * 1_000_000:
            with pytest.raises(Unauthenticated):
                come(house, sign(claims, OTHER, kid="new"), clock[0])
        if clock[0] > now_us + 3650 * 1_000_000:
            raise Stop

    with pytest.raises(Stop):
        await keys.run(now_us=lambda: clock[0], sleep=sleep)
    assert issuer.asked == 2, "at the start, and at the unknown kid from which the hour counts anew"


def test_the_cost_of_scrypt_is_recorded():
    assert ScryptCost().n >= 1 << 15

"""Each proof opens its own door and no other; whatever is malformed is refused, never a crash."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin import guards, metrics
from plugin.errors import Unauthorized
from plugin.guards import Call, Merchant, Shopper, Visitor
from plugin.shopify.names import handle_of
from tests.unit.edge.signing import (
    OLD_SECRET,
    OTHER_SECRET,
    SECRET,
    admin_claims,
    bearer,
    buyer_claims,
    config,
    proxied,
    signature,
    token,
)

CONFIG = config()
DOORS: dict[str, Callable[[Call], object]] = {
    "merchant": lambda call: guards.merchant(CONFIG, call),
    "shopper": lambda call: guards.shopper(CONFIG, call),
    "storefront": lambda call: guards.storefront(CONFIG, call),
}


def admin_call(text: str) -> Call:
    return Call("POST", "/admin/loyalty", bearer(text))


def buyer_call(text: str) -> Call:
    return Call("GET", "/ext/account", bearer(text))


def refused(door: str, call: Call) -> None:
    with pytest.raises(Unauthorized):
        DOORS[door](call)


PROOFS = {
    "merchant": lambda: admin_call(token(admin_claims())),
    "merchant in the address": lambda: Call("GET", f"/?id_token={token(admin_claims())}", {}),
    "shopper": lambda: buyer_call(token(buyer_claims({"sub": "gid://shopify/Customer/7"}))),
    "anonymous shopper": lambda: buyer_call(token(buyer_claims())),
    "storefront": lambda: Call("GET", proxied(customer="7"), {}),
}


@pytest.mark.parametrize("kind", list(PROOFS))
@pytest.mark.parametrize("door", list(DOORS))
def test_each_proof_opens_its_own_door_and_no_other(kind: str, door: str) -> None:
    call = PROOFS[kind]()
    if door in kind.split():
        DOORS[door](call)
    else:
        refused(door, call)


@pytest.mark.parametrize("door", list(DOORS))
def test_no_proof_opens_nothing(door: str) -> None:
    refused(door, Call("GET", "/", {}))
    refused(door, Call("OPTIONS", "/ext/account", {"origin": "https://evil.example"}))


def test_merchant_is_read_from_header_or_address() -> None:
    text = token(admin_claims())
    for call in (admin_call(text), Call("GET", f"/?shop=example.myshopify.com&id_token={text}", {})):
        proof = guards.merchant(CONFIG, call)
        assert (proof.shop_handle, proof.user_id, proof.id_token) == ("example", 42, text)
        assert text not in repr(proof)


@pytest.mark.parametrize("name", ["exp", "iss", "dest", "aud", "sub", "jti", "sid"])
def test_merchant_needs_every_claim(name: str) -> None:
    refused("merchant", admin_call(token(admin_claims({name: ...}))))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aud", "another-app"),
        ("aud", ["another-app"]),
        ("iss", "https://example.myshopify.com"),
        ("iss", "https://example.myshopify.com/admin/x"),
        ("iss", "http://example.myshopify.com/admin"),
        ("iss", "https://other.myshopify.com/admin"),
        ("iss", "https://evil.example/admin"),
        ("iss", 7),
        ("iss", ["https://example.myshopify.com/admin"]),
        ("dest", "https://other.myshopify.com"),
        ("dest", "example.myshopify.com"),
        ("dest", "https://example.myshopify.com.evil.example"),
        ("dest", "https://[broken"),
        ("dest", 7),
        ("sub", "gid://shopify/Customer/7"),
        ("sub", "4\u0662"),
        ("sub", ""),
        pytest.param("sub", 42, id="sub-number"),
        ("exp", "soon"),
        ("exp", float("inf")),
        ("exp", None),
        pytest.param("exp", int(time.time()) - 60, id="exp-over"),
        pytest.param("nbf", int(time.time()) + 10**6, id="nbf-to-come"),
    ],
)
def test_merchant_refuses_a_wrong_claim(name: str, value: Any) -> None:
    refused("merchant", admin_call(token(admin_claims({name: value}))))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aud", "another-app"),
        ("aud", ...),
        ("exp", ...),
        ("exp", None),
        pytest.param("exp", int(time.time()) - 60, id="exp-over"),
        ("exp", float("inf")),
        ("dest", ...),
        ("dest", ""),
        ("dest", "evil.example"),
        ("dest", "http://example.myshopify.com"),
        ("dest", 7),
        ("iss", "https://example.myshopify.com/admin"),
        ("iss", "https://example.myshopify.com/admin/"),
        ("iss", 7),
        ("sub", "42"),
        pytest.param("sub", 42, id="sub-number"),
        ("sub", ""),
        ("sub", "gid://shopify/Customer/"),
        ("sub", "gid://shopify/Customer/7x"),
        ("sub", "gid://shopify/Customer/\u0667"),
        ("sub", "gid://shopify/Customer/0"),
        ("sub", f"gid://shopify/Customer/{2**63}"),
        ("sub", "gid://shopify/Company/7"),
    ],
)
def test_shopper_refuses_a_wrong_claim(name: str, value: Any) -> None:
    refused("shopper", buyer_call(token(buyer_claims({name: value}))))


@pytest.mark.parametrize("dest", ["example.myshopify.com", "https://example.myshopify.com"])
def test_shopper_is_the_customer_shopify_vouches_for(dest: str) -> None:
    known = token(buyer_claims({"dest": dest, "sub": f"gid://shopify/Customer/{2**63 - 1}"}))
    assert guards.shopper(CONFIG, buyer_call(known)) == Shopper("example", 2**63 - 1)
    assert guards.shopper(CONFIG, buyer_call(token(buyer_claims({"dest": dest})))) == Shopper("example", None)


def test_other_claims_of_a_shopper_are_tolerated_named_and_counted() -> None:
    def counted() -> list[float]:
        samples = [metrics.CLAIMS.labels(claim)._value.get() for claim in ("iss", "sid", "other")]
        return [float(value) for value in samples]

    before = counted()
    text = token(
        buyer_claims(
            {"iss": "https://example.myshopify.com/checkouts", "sid": "x", "purpose": "y", "act": "z"}
        )
    )
    proof = guards.shopper(CONFIG, buyer_call(text))
    assert proof == Shopper("example", None, ("act", "iss", "purpose", "sid"))
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 1, 2]


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_both_secrets_are_accepted_at_every_door(secret: str) -> None:
    assert isinstance(DOORS["merchant"](admin_call(token(admin_claims(), secret))), Merchant)
    assert isinstance(DOORS["shopper"](buyer_call(token(buyer_claims(), secret))), Shopper)
    assert isinstance(DOORS["storefront"](Call("GET", proxied(secret=secret), {})), Visitor)
    assert guards.webhook_hmac_ok(b"{}", _hmac(b"{}", secret), CONFIG.api_secrets)


def test_another_apps_secret_is_refused_at_every_door() -> None:
    refused("merchant", admin_call(token(admin_claims(), OTHER_SECRET)))
    refused("shopper", buyer_call(token(buyer_claims(), OTHER_SECRET)))
    refused("storefront", Call("GET", proxied(secret=OTHER_SECRET), {}))
    assert not guards.webhook_hmac_ok(b"{}", _hmac(b"{}", OTHER_SECRET), CONFIG.api_secrets)


@pytest.mark.parametrize("door", ["merchant", "shopper"])
@pytest.mark.parametrize("algorithm", ["HS384", "HS512", None])
def test_only_hs256_is_a_signature(door: str, algorithm: str | None) -> None:
    claims = admin_claims() if door == "merchant" else buyer_claims()
    longer = config(SHOPIFY_API_SECRET=SECRET * 2)
    with pytest.raises(Unauthorized):
        getattr(guards, door)(longer, buyer_call(token(claims, SECRET * 2, algorithm)))


@pytest.mark.parametrize("door", list(DOORS))
@pytest.mark.parametrize(
    "text",
    [
        "Bearer ünïcode.a.b",
        "Bearer \u0661.\u0662.\u0663",
        "bearer a.b.c",
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "Bearer ",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.b.c.d",
        "Bearer " + "W10" + "." + "W10" + "." + "W10",
        "Bearer " + "a" * 9000 + ".b.c",
        "Bearer " + "W1tbW1tbW1tb" * 600 + ".b.c",
    ],
)
def test_a_malformed_header_is_refused(door: str, text: str) -> None:
    refused(door, Call("GET", "/ext/account", {"authorization": text}))


def test_two_id_tokens_in_an_address_are_refused() -> None:
    text = token(admin_claims())
    refused("merchant", Call("GET", f"/?id_token={text}&id_token={text}", {}))


def test_visitor_is_who_shopify_says() -> None:
    call = Call("GET", proxied(customer="7", extra=(("logged_in_customer", "8"), ("locale", "de"))), {})
    assert guards.storefront(CONFIG, call) == Visitor("example", 7, "/apps/dankbar")
    assert guards.storefront(CONFIG, Call("POST", proxied(), {})) == Visitor("example", None, "/apps/dankbar")
    assert guards.storefront(CONFIG, Call("GET", proxied(customer=None), {})).customer_id is None


@pytest.mark.parametrize("age", [-30, 0, 30])
def test_a_fresh_address_is_accepted(age: int) -> None:
    guards.storefront(CONFIG, Call("GET", proxied(age=age), {}))


@pytest.mark.parametrize("age", [-300, 300, 10**9, -(10**9)])
def test_a_stale_address_is_refused(age: int) -> None:
    refused("storefront", Call("GET", proxied(age=age), {}))


@pytest.mark.parametrize(("age", "fresh"), [(90, True), (-90, True), (91, False), (-91, False)])
def test_ninety_seconds_are_the_bound(age: int, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call("GET", proxied(), {})
    stamp = int(dict(pair.split("=") for pair in call.query.split("&"))["timestamp"])
    monkeypatch.setattr(time, "time", lambda: stamp + age + 0.9 * (age > 0))
    if fresh:
        guards.storefront(CONFIG, call)
    else:
        refused("storefront", call)


@pytest.mark.parametrize("name", sorted(guards.RESERVED))
def test_a_repeated_reserved_parameter_is_refused_though_signed(name: str) -> None:
    plain = [
        ("shop", "example.myshopify.com"),
        ("timestamp", str(int(time.time()))),
        ("path_prefix", "/apps/x"),
    ]
    plain.append(("logged_in_customer_id", "7"))
    doubled = [*plain, (name, "8"), (name, "9")] if name == "hmac" else [*plain, (name, "8")]
    signed = [pair for pair in doubled if pair[0] != "signature"]
    good = f"{urlencode(plain)}&signature={signature(plain)}"
    assert guards.storefront(CONFIG, Call("GET", f"/proxy/x?{good}", {})).customer_id == 7
    for shown in (name, "".join(f"%{ord(letter):02x}" for letter in name)):
        query = urlencode(doubled).replace(f"&{name}=8", f"&{shown}=8")
        refused("storefront", Call("GET", f"/proxy/x?{query}&signature={signature(signed)}", {}))


@pytest.mark.parametrize(
    "shop",
    [
        "",
        "evil.example",
        "example.myshopify.com.evil.example",
        "example.myshopify.com/",
        "-a.myshopify.com",
        "\u212aelvin.myshopify.com",
        "a b.myshopify.com",
        "example.myshopify.com\n",
        ".myshopify.com",
    ],
)
def test_only_a_shop_of_shopify_is_a_shop(shop: str) -> None:
    refused("storefront", Call("GET", proxied(shop=shop), {}))
    assert handle_of(shop) is None


@pytest.mark.parametrize("customer", ["0", "-1", "x", "\u0667", str(2**63), "7,8", "9" * 5000])
def test_only_an_id_is_a_customer(customer: str) -> None:
    refused("storefront", Call("GET", proxied(customer=customer), {}))


CHANGES: dict[str, Callable[[str], str]] = {
    "added": lambda query: query + "&extra=1",
    "other-shop": lambda query: query.replace("shop=example", "shop=another"),
    "longer-signature": lambda query: query.replace("signature=", "signature=0"),
    "unsigned": lambda query: query.partition("&signature=")[0],
    "encoded-letters": lambda query: query.partition("&signature=")[0] + "&signature=" + quote("ä" * 64),
    "letters": lambda query: query.partition("&signature=")[0] + "&signature=" + "ä" * 64,
    "empty-signature": lambda query: query.partition("&signature=")[0] + "&signature=",
    "fragment": lambda query: query + "#&logged_in_customer_id=7",
    "newline": lambda query: query + "\n",
    "raw-letter": lambda query: query + "&n=ä",
    "signed-number": lambda query: query.replace("timestamp=", "timestamp=+"),
    "underscored": lambda query: query.replace("timestamp=", "timestamp=1_"),
    "nothing": lambda query: "",
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_changed_address_is_refused(change: str) -> None:
    path, _, query = proxied(customer="7").partition("?")
    refused("storefront", Call("GET", f"{path}?{CHANGES[change](query)}", {}))


VECTOR = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (VECTOR, "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3"),
        (
            f"{VECTOR}&logged_in_customer_id=",
            "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb",
        ),
        (
            f"{VECTOR}&logged_in_customer_id=1",
            "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb",
        ),
    ],
)
def test_published_app_proxy_vectors(query: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hush = replace(CONFIG, api_secret="hush", old_api_secret=None)
    monkeypatch.setattr(time, "time", lambda: 1317327555.0)
    proof = guards.storefront(hush, Call("GET", f"/proxy/x?{query}&signature={expected}", {}))
    assert proof.shop_handle == "shop-name"
    assert proof.path_prefix == "/apps/awesome_reviews"
    assert proof.customer_id == (1 if query.endswith("=1") else None)


def test_published_webhook_vector() -> None:
    body, header = b'{"foo": "bar"}', "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="
    assert guards.webhook_hmac_ok(body, header, ["test_secret_key"])
    assert guards.webhook_hmac_ok(body, header, ["another_secret", "test_secret_key"])
    assert not guards.webhook_hmac_ok(b'{"foo":"bar"}', header, ["test_secret_key"])
    assert not guards.webhook_hmac_ok(body, header, ["another_secret"])
    assert not guards.webhook_hmac_ok(body, header, [])


@pytest.mark.parametrize("header", [None, "", "ä", "=", "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g", " "])
def test_a_webhook_without_a_good_header_is_refused(header: str | None) -> None:
    assert not guards.webhook_hmac_ok(b'{"foo": "bar"}', header, ["test_secret_key"])


def _hmac(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@given(
    body=st.text(st.characters(codec="utf-8")),
    signed=st.sampled_from([SECRET, OLD_SECRET, OTHER_SECRET]),
    change=st.sampled_from(["none", "body", "header", "empty", "space", "url"]),
)
def test_webhooks_are_judged_exactly_as_by_shopifys_package(body: str, signed: str, change: str) -> None:
    header = _hmac(body.encode(), signed)
    header = {"header": "A" + header[1:], "empty": "", "space": f" {header}"}.get(change, header)
    header = header.replace("+", "-").replace("/", "_") if change == "url" else header
    body += "x" if change == "body" else ""
    headers = {"X-Shopify-Hmac-Sha256": header, "X-Shopify-Shop-Domain": "a.myshopify.com"}
    theirs = guards._library(CONFIG).verify_webhook_req(
        {"method": "POST", "url": "https://app.invalid/", "headers": headers, "body": body}
    )
    assert guards.webhook_hmac_ok(body.encode(), header, CONFIG.api_secrets) == theirs.ok


@given(st.binary(max_size=300), st.sampled_from(sorted(DOORS)), st.booleans())
def test_no_bytes_crash_a_door(noise: bytes, door: str, as_header: bool) -> None:
    text = noise.decode("latin-1")
    headers = {"authorization": f"Bearer {text}"} if as_header else {}
    refused(door, Call("GET", f"/x?{text}", headers))

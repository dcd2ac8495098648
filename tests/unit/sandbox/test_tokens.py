"""The sandbox's proofs against the vectors that Shopify published."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import jwt

from sandbox.simulator import Simulator
from sandbox.tokens import proxy_query, proxy_signature, query_hmac, webhook_hmac

SECRET = "a secret of thirty-two bytes, yes"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def simulator() -> Simulator:
    return Simulator(client_id="client", client_secret=SECRET, app_url="https://app.test", clock=lambda: NOW)


def test_a_webhook_is_signed_as_published() -> None:
    assert (
        webhook_hmac("test_secret_key", b'{"foo": "bar"}') == "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="
    )


def test_an_admin_query_is_signed_as_published() -> None:
    params = {
        "shop": "some-shop.myshopify.com",
        "code": "a94a110d86d2452eb3e2af4cfb8a3828",
        "timestamp": "1337178173",
    }
    assert query_hmac("hush", params) == "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2"


def test_an_admin_query_with_a_list_is_signed_as_published() -> None:
    params: dict[str, str | list[int]] = {"shop": "some-shop.myshopify.com", "ids[]": [2, 1]}
    assert query_hmac("hush", params) == "b93b9f82996f6f8bf9f1b7bbddec284c8fabacdc4e12dc80550b4705f3003b1e"


def test_an_app_proxy_query_is_signed_as_published() -> None:
    query = (
        "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews"
        "&timestamp=1317327555"
    )
    assert (
        proxy_signature("hush", query) == "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3"
    )
    anonymous = f"{query}&logged_in_customer_id="
    assert (
        proxy_signature("hush", anonymous)
        == "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"
    )
    signed_in = f"{query}&logged_in_customer_id=1"
    assert (
        proxy_signature("hush", signed_in)
        == "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    )


def test_the_signature_is_no_part_of_what_is_signed() -> None:
    assert proxy_signature("hush", "a=1&signature=00") == proxy_signature("hush", "a=1")


def test_a_forwarded_request_carries_what_shopify_adds() -> None:
    query = proxy_query(
        SECRET,
        shop_domain="example.myshopify.com",
        path_prefix="/apps/dankbar",
        customer_id=None,
        now=NOW,
        visitor_query="locale=de&names=a%2Cb",
    )
    values = parse_qs(query, keep_blank_values=True)
    assert values["logged_in_customer_id"] == [""]
    assert values["timestamp"] == [str(int(NOW.timestamp()))]
    assert values["path_prefix"] == ["/apps/dankbar"]
    assert values["names"] == ["a,b"]
    assert values["signature"] == [proxy_signature(SECRET, query)]


def test_what_a_visitor_adds_is_signed_too() -> None:
    url = simulator().proxy_url("/widgets/loyalty", "logged_in_customer_id=7", customer=12)
    path, _, query = url.partition("?")
    assert path == "https://app.test/proxy/widgets/loyalty"
    assert parse_qs(query)["logged_in_customer_id"] == ["7", "12"]
    assert parse_qs(query)["signature"] == [proxy_signature(SECRET, query)]


def test_an_id_token_names_the_shop_thrice_and_lives_a_minute() -> None:
    claims = jwt.decode(simulator().id_token(), options={"verify_signature": False})
    assert claims["iss"] == "https://example.myshopify.com/admin"
    assert claims["dest"] == "https://example.myshopify.com"
    assert claims["aud"] == "client"
    assert claims["sub"].isdigit()
    assert claims["exp"] - claims["iat"] == 60
    assert {"nbf", "jti", "sid"} <= set(claims)


def test_a_shoppers_token_has_no_issuer_and_a_bare_destination() -> None:
    sim = simulator()
    claims = jwt.decode(sim.shopper_token(customer=7), options={"verify_signature": False})
    assert "iss" not in claims
    assert claims["dest"] == "example.myshopify.com"
    assert claims["sub"] == "gid://shopify/Customer/7"
    assert claims["exp"] - claims["iat"] == 300
    assert "sub" not in jwt.decode(sim.shopper_token(), options={"verify_signature": False})


def test_claims_can_be_replaced_and_removed() -> None:
    token = simulator().id_token(exp=None, sub="gid://shopify/Customer/1")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert "exp" not in claims
    assert claims["sub"] == "gid://shopify/Customer/1"


def test_the_admin_opens_the_app_with_a_signed_query() -> None:
    values = {key: one for key, (one,) in parse_qs(simulator().app_home_url().partition("?")[2]).items()}
    assert values["shop"] == "example.myshopify.com"
    assert values["embedded"] == "1"
    assert values["hmac"] == query_hmac(SECRET, values)
    assert jwt.decode(values["id_token"], options={"verify_signature": False})["aud"] == "client"

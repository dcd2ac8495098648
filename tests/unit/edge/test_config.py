"""The process refuses to start on what is missing or wrong, in one sentence that names it."""

import base64

import pytest

from plugin.config import Config
from plugin.errors import ConfigurationError

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"o" * 32).decode().rstrip("=")
GOOD = {
    "SHOPIFY_API_KEY": "0123456789abcdef0123456789abcdef",
    "SHOPIFY_API_SECRET": "shpss_0123456789abcdef0123456789",
    "DANKBAR_SECRET_KEY": KEY,
}


def test_three_variables_are_enough_and_the_rest_has_defaults() -> None:
    config = Config.from_environment(GOOD)
    assert config.app_url == "http://127.0.0.1:8000"
    assert config.database_url == "sqlite:///var/dankbar.db"
    assert config.redis_url is None
    assert config.shopify_cdn == "https://cdn.shopify.com"
    assert config.admin_origin == "https://admin.shopify.com"
    assert config.shop_origin("example") == "https://example.myshopify.com"
    assert config.billing == "none"
    assert config.metrics is None
    assert config.secret_keys == (b"k" * 32,)
    assert config.api_secrets == (GOOD["SHOPIFY_API_SECRET"],)


@pytest.mark.parametrize("name", list(GOOD))
@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_missing_or_empty_secret_is_named(name: str, value: str | None) -> None:
    environ = {key: text for key, text in GOOD.items() if key != name}
    if value is not None:
        environ[name] = value
    with pytest.raises(ConfigurationError) as caught:
        Config.from_environment(environ)
    assert name in str(caught.value)
    assert str(caught.value).count(".") == 1


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Config.from_environment({})
    assert all(name in str(caught.value) for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOPIFY_API_SECRET", "hush"),
        ("SHOPIFY_API_SECRET", "gehäim-gehäim-gehäim"),
        ("SHOPIFY_OLD_API_SECRET", "hush"),
        ("DANKBAR_SECRET_KEY", "AAAA"),
        ("DANKBAR_SECRET_KEY", "not base64 at all"),
        ("DANKBAR_SECRET_KEY", f"{KEY},"),
        ("DANKBAR_SECRET_KEY", f"{KEY},AAAA"),
        ("DANKBAR_SECRET_KEY", f"{KEY},{KEY}"),
        ("DANKBAR_APP_URL", "app.example"),
        ("DANKBAR_APP_URL", "ftp://app.example"),
        ("DANKBAR_APP_URL", "https://app.example/?x=1"),
        ("DANKBAR_APP_URL", "https://user:pass@app.example"),
        ("DANKBAR_APP_URL", "https://{shop}.example"),
        ("DANKBAR_ADMIN_ORIGIN", "https://admin.example;script-src *"),
        ("DANKBAR_SHOPIFY_ORIGIN", "https://{store}.example"),
        ("DANKBAR_SHOPIFY_ORIGIN", "http://127.0.0.1:99999/{shop}"),
        ("DANKBAR_REDIS_URL", "http://127.0.0.1"),
        ("DANKBAR_REDIS_URL", "redis://127.0.0.1:port/0"),
        ("DANKBAR_BILLING", "paypal"),
        ("DANKBAR_METRICS", "9464"),
        ("DANKBAR_METRICS", "127.0.0.1:0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Config.from_environment({**GOOD, name: value})


STRIPE = {"STRIPE_API_KEY": "rk_test_0123456789", "STRIPE_WEBHOOK_SECRET": "whsec_0123456789"}
PUBLIC = {"DANKBAR_APP_URL": "https://app.example", "DANKBAR_BILLING": "stripe"}
PARTNER = {
    "SHOPIFY_PARTNER_ORG": "4712345",
    "SHOPIFY_PARTNER_TOKEN": "prtapi_0123456789",
    "SHOPIFY_APP_GID": "gid://shopify/App/1",
    "SHOPIFY_APP_HANDLE": "dankbar",
}
LOCAL = {"DANKBAR_APP_URL": "http://127.0.0.1:8000", "DANKBAR_BILLING": "stripe"}


@pytest.mark.parametrize(
    ("set_up", "match"),
    [
        ({**LOCAL, "STRIPE_API_KEY": "sk_live_0123456789"}, "is a live key"),
        (
            {
                **PUBLIC,
                "STRIPE_API_KEY": "rk_live_0123456789",
                "DANKBAR_STRIPE_ORIGIN": "http://127.0.0.1:9100",
            },
            "is a live key",
        ),
        (PUBLIC, "is a test key"),
        (
            {**PUBLIC, "STRIPE_API_KEY": "rk_live_0123456789", "DANKBAR_STRIPE_TEST": "yes"},
            "says that this is a trial",
        ),
        ({**LOCAL, "STRIPE_WEBHOOK_SECRET": ","}, "STRIPE_WEBHOOK_SECRET must be"),
        ({**LOCAL, "STRIPE_API_KEY": "pk_test_0123456789"}, "STRIPE_API_KEY must be"),
        ({**LOCAL, "STRIPE_WEBHOOK_SECRET": "whsec_0123456789,secret"}, "STRIPE_WEBHOOK_SECRET must be"),
        ({**LOCAL, "DANKBAR_STRIPE_SHOPS": "example.myshopify.com"}, "DANKBAR_STRIPE_SHOPS"),
        ({**LOCAL, "DANKBAR_STRIPE_TAX": "19"}, "DANKBAR_STRIPE_TAX must be yes or no"),
    ],
)
def test_a_key_of_the_wrong_world_is_refused_in_one_sentence(set_up: dict[str, str], match: str) -> None:
    with pytest.raises(ConfigurationError, match=match) as refused:
        Config.from_environment({**GOOD, **STRIPE, **set_up})
    assert "0123456789" not in str(refused.value)


@pytest.mark.parametrize(
    "set_up",
    [
        LOCAL,
        {**PUBLIC, "STRIPE_API_KEY": "rk_live_0123456789"},
        {**PUBLIC, "DANKBAR_STRIPE_TEST": "yes"},
        {**LOCAL, "STRIPE_WEBHOOK_SECRET": "whsec_0123456789, whsec_9876543210"},
    ],
)
def test_a_key_of_the_right_world_is_taken(set_up: dict[str, str]) -> None:
    config = Config.from_environment({**GOOD, **STRIPE, **set_up})
    assert config.billing == "stripe"
    assert config.stripe_webhook_secrets[0] == "whsec_0123456789"


@pytest.mark.parametrize(
    ("billing", "missing"),
    [("stripe", "STRIPE_WEBHOOK_SECRET"), ("stripe", "STRIPE_API_KEY"), ("shopify", "SHOPIFY_PARTNER_TOKEN")],
)
def test_a_kind_of_billing_asks_for_its_own_variables(billing: str, missing: str) -> None:
    names = ["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "SHOPIFY_PARTNER_ORG", "SHOPIFY_PARTNER_TOKEN"]
    names += ["SHOPIFY_APP_GID", "SHOPIFY_APP_HANDLE"]
    full = {**GOOD, "DANKBAR_BILLING": billing, **dict.fromkeys(names, "value-of-it"), **PARTNER, **STRIPE}
    assert Config.from_environment(full).billing == billing
    with pytest.raises(ConfigurationError, match=missing):
        Config.from_environment({name: text for name, text in full.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOPIFY_PARTNER_ORG", "4712345/../1"),
        ("SHOPIFY_APP_GID", "nonsense"),
        ("SHOPIFY_APP_HANDLE", "dank bar"),
        ("SHOPIFY_PARTNER_TOKEN", "two words"),
    ],
)
def test_what_becomes_part_of_shopifys_addresses_is_well_formed(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Config.from_environment({**GOOD, **PARTNER, "DANKBAR_BILLING": "shopify", name: value})


def test_keys_are_read_newest_first_with_or_without_padding() -> None:
    config = Config.from_environment({**GOOD, "DANKBAR_SECRET_KEY": f"{OTHER}, {KEY}"})
    assert config.secret_keys == (b"o" * 32, b"k" * 32)


def test_a_simulator_for_all_shops_is_an_origin_with_a_path() -> None:
    config = Config.from_environment({**GOOD, "DANKBAR_SHOPIFY_ORIGIN": "http://127.0.0.1:9100/{shop}/"})
    assert config.shop_origin("example") == "http://127.0.0.1:9100/example"


def test_both_secrets_are_offered_during_rotation() -> None:
    config = Config.from_environment({**GOOD, "SHOPIFY_OLD_API_SECRET": "shpss_the_one_before"})
    assert config.api_secrets == (GOOD["SHOPIFY_API_SECRET"], "shpss_the_one_before")


def test_metrics_have_an_address_of_their_own() -> None:
    assert Config.from_environment({**GOOD, "DANKBAR_METRICS": "127.0.0.1:9464"}).metrics == (
        "127.0.0.1",
        9464,
    )
    assert Config.from_environment({**GOOD, "DANKBAR_METRICS": "[::1]:9464"}).metrics == ("::1", 9464)


def test_the_printed_form_holds_no_secret() -> None:
    environ = {
        **GOOD,
        "STRIPE_API_KEY": "sk_live_secret",
        "SHOPIFY_PARTNER_TOKEN": "prtapi_secret",
        "DANKBAR_DATABASE_URL": "postgresql://u:password@db/x",
    }
    text = repr(Config.from_environment(environ))
    hidden = ("secret", "password", GOOD["SHOPIFY_API_SECRET"], "kkkk")
    assert not any(word in text for word in hidden)

"""The process's configuration, read once from the environment and frozen."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from plugin.errors import ConfigurationError

SECRET_LENGTH = 12
"""A shorter API secret is a placeholder: Shopify's own have 32 characters and more."""

KEY_BYTES = 32
"""Length of one key in DANKBAR_SECRET_KEY."""

LOCAL = "http://127.0.0.1:8000"
STRIPE = "https://api.stripe.com"
"""Stripe's own address; any other is a simulator's."""

_REQUIRED = ("SHOPIFY_API_KEY", "SHOPIFY_API_SECRET", "DANKBAR_SECRET_KEY")
_BILLING = {
    "none": (),
    "stripe": ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"),
    "shopify": (
        "SHOPIFY_PARTNER_ORG",
        "SHOPIFY_PARTNER_TOKEN",
        "SHOPIFY_APP_GID",
        "SHOPIFY_APP_HANDLE",
    ),
}


@dataclass(frozen=True, slots=True)
class Config:
    """All that a process is told from outside; secrets never appear in its printed form."""

    app_url: str
    api_key: str
    api_secret: str = field(repr=False)
    old_api_secret: str | None = field(repr=False)
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    secret_keys: tuple[bytes, ...] = field(repr=False)
    shopify_cdn: str
    admin_origin: str
    shopify_origin: str
    billing: str
    stripe_api_key: str | None = field(default=None, repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    stripe_origin: str = STRIPE
    stripe_shops: frozenset[str] = frozenset()
    stripe_tax: bool = False
    partner_org: str | None = None
    partner_token: str | None = field(default=None, repr=False)
    partner_origin: str = "https://partners.shopify.com"
    app_gid: str | None = None
    app_handle: str | None = None
    metrics: tuple[str, int] | None = None

    @property
    def api_secrets(self) -> tuple[str, ...]:
        """The secrets that a proof may be signed with: the current one, then the one being rotated out."""
        return (self.api_secret, self.old_api_secret) if self.old_api_secret else (self.api_secret,)

    def shop_origin(self, handle: str) -> str:
        """Where the Admin API and the token endpoint of that shop are reached, without a closing slash."""
        return self.shopify_origin.replace("{shop}", handle)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Config":
        """Read and check every variable. Raises ConfigurationError in one sentence that names the variable."""
        values = {name: text.strip() for name, text in environ.items() if text.strip()}
        billing = values.get("DANKBAR_BILLING", "none")
        if billing not in _BILLING:
            raise ConfigurationError("DANKBAR_BILLING must be shopify, stripe or none.")
        _require(values, _REQUIRED, "")
        _require(values, _BILLING[billing], f" because DANKBAR_BILLING is {billing}")
        if billing == "stripe":
            _expect_stripe(values)
        if billing == "shopify":
            _expect_partner(values)
        return cls(
            app_url=_origin(values, "DANKBAR_APP_URL", LOCAL),
            api_key=_ascii(values, "SHOPIFY_API_KEY"),
            api_secret=_secret(values, "SHOPIFY_API_SECRET"),
            old_api_secret=(
                _secret(values, "SHOPIFY_OLD_API_SECRET") if "SHOPIFY_OLD_API_SECRET" in values else None
            ),
            database_url=values.get("DANKBAR_DATABASE_URL", "sqlite:///var/dankbar.db"),
            redis_url=_redis(values),
            secret_keys=_keys(values["DANKBAR_SECRET_KEY"]),
            shopify_cdn=_origin(values, "DANKBAR_SHOPIFY_CDN", "https://cdn.shopify.com"),
            admin_origin=_origin(values, "DANKBAR_ADMIN_ORIGIN", "https://admin.shopify.com"),
            shopify_origin=_origin(values, "DANKBAR_SHOPIFY_ORIGIN", "https://{shop}.myshopify.com"),
            billing=billing,
            stripe_api_key=values.get("STRIPE_API_KEY"),
            stripe_webhook_secrets=_listed(values, "STRIPE_WEBHOOK_SECRET"),
            stripe_origin=_origin(values, "DANKBAR_STRIPE_ORIGIN", STRIPE),
            stripe_shops=frozenset(_listed(values, "DANKBAR_STRIPE_SHOPS")),
            stripe_tax=_yes(values, "DANKBAR_STRIPE_TAX"),
            partner_org=values.get("SHOPIFY_PARTNER_ORG"),
            partner_token=values.get("SHOPIFY_PARTNER_TOKEN"),
            partner_origin=_origin(values, "DANKBAR_PARTNER_ORIGIN", "https://partners.shopify.com"),
            app_gid=values.get("SHOPIFY_APP_GID"),
            app_handle=values.get("SHOPIFY_APP_HANDLE"),
            metrics=_address(values),
        )


def _require(values: Mapping[str, str], names: tuple[str, ...], reason: str) -> None:
    missing = [name for name in names if name not in values]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{' and '.join(missing)} {verb} missing{reason}: set it in the environment."
        )


def _expect_stripe(values: Mapping[str, str]) -> None:
    """Refuse what is no key of Stripe's, a live one where nothing is real, and a test one where all else is."""
    key = values["STRIPE_API_KEY"]
    if not re.fullmatch(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{1,255}", key):
        raise ConfigurationError("STRIPE_API_KEY must be a secret or restricted key, such as rk_live_....")
    secrets = _listed(values, "STRIPE_WEBHOOK_SECRET")
    if not secrets or not all(re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{1,255}", one) for one in secrets):
        raise ConfigurationError(
            "STRIPE_WEBHOOK_SECRET must be an endpoint's signing secret, whsec_...; two are separated by a comma."
        )
    for shop in _listed(values, "DANKBAR_STRIPE_SHOPS"):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", shop):
            raise ConfigurationError(
                "DANKBAR_STRIPE_SHOPS must list shops' handles, such as example,example-outlet."
            )
    app, origin = urlsplit(values.get("DANKBAR_APP_URL", LOCAL)), values.get("DANKBAR_STRIPE_ORIGIN", STRIPE)
    pretended = origin.rstrip("/") != STRIPE or app.scheme != "https"
    if "_live_" in key and pretended:
        raise ConfigurationError(
            "STRIPE_API_KEY is a live key, but DANKBAR_APP_URL or DANKBAR_STRIPE_ORIGIN is a test set-up's: use a test key."
        )
    trial = _yes(values, "DANKBAR_STRIPE_TEST")
    if "_live_" in key and trial:
        raise ConfigurationError(
            "STRIPE_API_KEY is a live key, but DANKBAR_STRIPE_TEST=yes says that this is a trial: use a test key, or take it away."
        )
    if "_test_" in key and not pretended and not trial:
        raise ConfigurationError(
            "STRIPE_API_KEY is a test key at a public address: use a live key, or set DANKBAR_STRIPE_TEST=yes for a trial."
        )


def _expect_partner(values: Mapping[str, str]) -> None:
    """Refuse what would become part of an address or a question and cannot be right."""
    for name, shape, example in (
        ("SHOPIFY_PARTNER_ORG", r"[A-Za-z0-9_-]{1,40}", "the number in the Partner Dashboard's address"),
        ("SHOPIFY_APP_GID", r"gid://[a-z]+/App/[A-Za-z0-9-]{1,60}", "gid://shopify/App/123"),
        ("SHOPIFY_APP_HANDLE", r"[A-Za-z0-9_-]{1,100}", "the app's name in Shopify's addresses"),
    ):
        if not re.fullmatch(shape, values[name]):
            raise ConfigurationError(f"{name} is not well-formed: it is {example}.")
    _ascii(values, "SHOPIFY_PARTNER_TOKEN")


def _listed(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in values.get(name, "").split(",")) if part)


def _yes(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "no")
    if text not in {"yes", "no"}:
        raise ConfigurationError(f"{name} must be yes or no.")
    return text == "yes"


def _ascii(values: Mapping[str, str], name: str) -> str:
    text = values[name]
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ConfigurationError(f"{name} must be printable ASCII without spaces.")
    return text


def _secret(values: Mapping[str, str], name: str) -> str:
    text = _ascii(values, name)
    if len(text) < SECRET_LENGTH:
        raise ConfigurationError(
            f"{name} is shorter than {SECRET_LENGTH} characters: copy it from the app's page."
        )
    return text


def _keys(text: str) -> tuple[bytes, ...]:
    problem = ConfigurationError(
        f"DANKBAR_SECRET_KEY must be {KEY_BYTES} bytes in base64url; several are separated by commas, newest first."
    )
    keys = []
    for part in text.split(","):
        bare = part.strip().rstrip("=")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", bare):
            raise problem
        try:
            key = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
        except (binascii.Error, ValueError) as error:
            raise problem from error
        if len(key) != KEY_BYTES:
            raise problem
        keys.append(key)
    if len(set(keys)) != len(keys):
        raise ConfigurationError("DANKBAR_SECRET_KEY names the same key twice.")
    return tuple(keys)


def _origin(values: Mapping[str, str], name: str, default: str) -> str:
    text = values.get(name, default).rstrip("/")
    problem = ConfigurationError(f"{name} must be an http or https address without query, such as {default}.")
    try:
        parts = urlsplit(text.replace("{shop}", "shop"))
        port_is_good = parts.port is None or parts.port > 0
    except ValueError as error:
        raise problem from error
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_good or not plain:
        raise problem
    if not re.fullmatch(r"[\x21-\x7e]+", text) or re.search(r"[{}<>\"'\\]", text.replace("{shop}", "")):
        raise problem
    if "{shop}" in text and name != "DANKBAR_SHOPIFY_ORIGIN":
        raise problem
    return text


def _redis(values: Mapping[str, str]) -> str | None:
    text = values.get("DANKBAR_REDIS_URL")
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"redis", "rediss", "unix"} and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError(
            "DANKBAR_REDIS_URL must be an address that starts with redis://, rediss:// or unix://."
        )
    return text


def _address(values: Mapping[str, str]) -> tuple[str, int] | None:
    text = values.get("DANKBAR_METRICS")
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise ConfigurationError("DANKBAR_METRICS must be host:port, such as 127.0.0.1:9464.")
    return host.strip("[]"), int(port)

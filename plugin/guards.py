"""The three proofs a request can carry, mutually exclusive, and the signature of a webhook.

A merchant comes with App Bridge's id token, a shopper with an extension's session token, a visitor of the storefront
through the app proxy's signature. Shopify signs the first two alike (one secret, one audience), so its own package
takes one for the other; the claims decide here (semantics 25). Whatever is malformed is a 401, never a crash.
"""

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from shopify_app import RequestInput, ShopifyApp

from plugin import metrics
from plugin.config import Config
from plugin.errors import Unauthorized
from plugin.shopify.names import MAX_ID, handle_of

PATCH_PATH = "/auth/patch-id-token"
"""Shopify's page that fetches a fresh id token for a document."""

RESERVED = frozenset({"shop", "timestamp", "signature", "path_prefix", "logged_in_customer_id", "hmac"})
"""Parameters the app proxy adds; a visitor who adds one too would be read for Shopify."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TOKEN_LENGTH = 8192
_CUSTOMER = re.compile(r"gid://shopify/Customer/([0-9]{1,19})")
_DIGITS = re.compile(r"[0-9]{1,19}")
_QUERY = re.compile(r"[!-\"$-~]*")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_FAMILIAR = frozenset({"dest", "aud", "exp", "nbf", "iat", "jti", "sub"})
_MISREAD = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Call:
    """What of a request a proof is read from: the raw target as it arrived, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def query(self) -> str:
        """The raw query string, without its question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        """The header's value, empty when there is none. Raises Unauthorized when it is not ASCII."""
        value = self.headers.get(name, "")
        if not value.isascii():
            raise Unauthorized("The proof contains characters that no proof has.")
        return value


@dataclass(frozen=True, slots=True)
class Merchant:
    """Somebody of the shop's staff, in the admin."""

    shop_handle: str
    user_id: int
    id_token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shopper:
    """A buyer on a checkout or account page; ``customer_id`` only when Shopify vouches for it.

    ``unfamiliar`` names claims that Shopify's documentation does not: they are tolerated and counted.
    """

    shop_handle: str
    customer_id: int | None
    unfamiliar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of the storefront; ``path_prefix`` is where the merchant put the app proxy."""

    shop_handle: str
    customer_id: int | None
    path_prefix: str


def merchant(config: Config, call: Call) -> Merchant:
    """Prove staff by the bearer token, or by ``id_token`` of a document's address. Raises Unauthorized."""
    token = _bearer(call) if call.header("authorization") else _single(call.query, "id_token")
    _check_form(token)
    library, strict = _library(config), _strict(config, token)
    result = _read(
        lambda: library.verify_app_home_req(
            _request("GET", "https://app.invalid/", {"authorization": f"Bearer {token}"}), PATCH_PATH
        )
    )
    if not result.ok or result.id_token is None or strict is None:
        raise Unauthorized("This page opens from the Shopify admin: please reload it there.")
    claims: Mapping[str, Any] = result.id_token.claims
    handle = handle_of(str(strict.get("dest", "")).removeprefix("https://"))
    issuer = f"https://{handle}.myshopify.com"
    user = str(claims.get("sub", ""))
    exact = claims.get("dest") == issuer and claims.get("iss") == f"{issuer}/admin"
    if handle is None or not exact or claims.get("exp") is None or not _DIGITS.fullmatch(user):
        raise Unauthorized("This token was not issued to the staff of a shop.")
    return Merchant(handle, int(user), token, claims)


def shopper(config: Config, call: Call) -> Shopper:
    """Prove a buyer by the extension's bearer token. Raises Unauthorized."""
    token = _bearer(call)
    _check_form(token)
    library = _library(config)
    result = _read(
        lambda: library.verify_checkout_ui_ext_req(
            _request("GET", "https://app.invalid/", {"authorization": f"Bearer {token}"})
        )
    )
    if not result.ok or result.id_token is None:
        raise Unauthorized("The session token is missing, expired or not for this app.")
    claims: Mapping[str, Any] = result.id_token.claims
    issuer = claims.get("iss")
    subject = claims.get("sub")
    handle = handle_of(str(claims.get("dest", "")).removeprefix("https://"))
    of_admin = issuer is not None and (not isinstance(issuer, str) or issuer.rstrip("/").endswith("/admin"))
    if handle is None or of_admin or claims.get("exp") is None:
        raise Unauthorized("The session token was not issued to a shopper.")
    customer_id = None
    if subject is not None:
        found = _CUSTOMER.fullmatch(subject) if isinstance(subject, str) else None
        if found is None:
            raise Unauthorized("The session token was not issued to a shopper.")
        customer_id = _id(found[1])
    unfamiliar = tuple(sorted(claims.keys() - _FAMILIAR))
    for claim in unfamiliar:
        metrics.CLAIMS.labels(claim if claim in {"iss", "sid"} else "other").inc()
    return Shopper(handle, customer_id, unfamiliar)


def storefront(config: Config, call: Call) -> Visitor:
    """Prove that Shopify's app proxy forwarded this, at most 90 seconds ago. Raises Unauthorized."""
    query = call.query
    if not _QUERY.fullmatch(query):
        raise Unauthorized("The address was not signed as it arrived.")
    pairs = parse_qsl(query, keep_blank_values=True)
    named = [name for name, _ in pairs if name in RESERVED]
    if len(named) != len(set(named)):
        raise Unauthorized("A parameter that only Shopify sets appears twice.")
    given = {name: value for name, value in pairs if name in RESERVED}
    handle = handle_of(given.get("shop", ""))
    well_formed = _SIGNATURE.fullmatch(given.get("signature", "")) and _DIGITS.fullmatch(
        given.get("timestamp", "")
    )
    if handle is None or not well_formed:
        raise Unauthorized("The address carries no signature of Shopify's app proxy.")
    library = _library(config)
    result = _read(
        lambda: library.verify_app_proxy_req(_request(call.method, f"https://app.invalid/?{query}", {}))
    )
    if not result.ok:
        raise Unauthorized("The signature of Shopify's app proxy is wrong or too old.")
    customer = given.get("logged_in_customer_id", "")
    return Visitor(handle, _id(customer) if customer else None, given.get("path_prefix", ""))


def webhook_hmac_ok(body: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Tell whether the header is the base64 HMAC-SHA256 of exactly these bytes under one of the secrets."""
    if not header or not header.isascii():
        return False
    given = header.encode("ascii")
    found = False
    for secret in secrets:
        expected = base64.b64encode(hmac.digest(secret.encode(), body, sha256))
        found |= hmac.compare_digest(given, expected)
    return found


@lru_cache(maxsize=8)
def _library(config: Config) -> ShopifyApp:
    return ShopifyApp(config.api_key, config.api_secret, config.old_api_secret)


def _request(method: str, url: str, headers: dict[str, str]) -> RequestInput:
    return {"method": method, "url": url, "headers": headers, "body": ""}


def _read(verify: Callable[[], Any]) -> Any:
    try:
        return verify()
    except _MISREAD as error:
        raise Unauthorized("The proof cannot be read.") from error


def _strict(config: Config, token: str) -> Mapping[str, Any] | None:
    """The claims by Shopify's older, stricter check (issuer, destination, subject, session), or None."""
    from shopify import session_token

    for secret in config.api_secrets:
        try:
            claims: Mapping[str, Any] = session_token.decode_from_header(
                f"Bearer {token}", config.api_key, secret
            )
        except (session_token.SessionTokenError, *_MISREAD):
            continue
        return claims
    return None


def _bearer(call: Call) -> str:
    scheme, _, token = call.header("authorization").partition(" ")
    if scheme != "Bearer":
        raise Unauthorized("The request carries no bearer token.")
    return token


def _single(query: str, name: str) -> str:
    values = [value for found, value in parse_qsl(query, keep_blank_values=True) if found == name]
    if len(values) != 1:
        raise Unauthorized("The request carries no id token.")
    return values[0]


def _check_form(token: str) -> None:
    if len(token) > _TOKEN_LENGTH or not _TOKEN.fullmatch(token):
        raise Unauthorized("The token is not one of Shopify's.")


def _id(digits: str) -> int:
    if not _DIGITS.fullmatch(digits) or not 0 < int(digits) <= MAX_ID:
        raise Unauthorized("The proof names a customer who cannot exist.")
    return int(digits)

"""What Shopify signs, made by hand: tokens of the admin and of extensions, app proxy addresses."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from jwt import api_jws

from plugin.config import Config

API_KEY = "0123456789abcdef0123456789abcdef"
SECRET = "shpss_0123456789abcdef0123456789abcdef"
OLD_SECRET = "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"
OTHER_SECRET = "shpss_somebody_elses_secret_entirely_12"


def config(**environ: str) -> Config:
    return Config.from_environment(
        {
            "SHOPIFY_API_KEY": API_KEY,
            "SHOPIFY_API_SECRET": SECRET,
            "SHOPIFY_OLD_API_SECRET": OLD_SECRET,
            "DANKBAR_SECRET_KEY": base64.urlsafe_b64encode(b"k" * 32).decode(),
            **environ,
        }
    )


def _claims(base: dict[str, Any], changes: dict[str, Any] | None) -> dict[str, Any]:
    merged = {**base, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not ...}


def admin_claims(changes: dict[str, Any] | None = None, shop: str = "example") -> dict[str, Any]:
    """The claims of App Bridge's id token; a claim set to ``...`` is left out."""
    now = int(time.time())
    origin = f"https://{shop}.myshopify.com"
    base = {"iss": f"{origin}/admin", "dest": origin, "aud": API_KEY, "sub": "42", "exp": now + 60}
    return _claims({**base, "nbf": now, "iat": now, "jti": "f8912129", "sid": "aaea182f"}, changes)


def buyer_claims(changes: dict[str, Any] | None = None, shop: str = "example") -> dict[str, Any]:
    """The claims of an extension's session token; a claim set to ``...`` is left out."""
    now = int(time.time())
    base = {"dest": f"{shop}.myshopify.com", "aud": API_KEY, "exp": now + 300, "nbf": now, "iat": now}
    return _claims({**base, "jti": "6c992878"}, changes)


def token(claims: dict[str, Any], secret: str = SECRET, algorithm: str | None = "HS256") -> str:
    return api_jws.encode(json.dumps(claims).encode(), secret if algorithm else "", algorithm, {"typ": "JWT"})


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def signature(pairs: list[tuple[str, str]], secret: str = SECRET) -> str:
    """Shopify's reference: equal names joined by commas, ``name=value`` texts sorted, nothing in between."""
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    text = "".join(sorted(f"{name}={','.join(values)}" for name, values in grouped.items()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def proxied(
    path: str = "/proxy/widgets/loyalty",
    *,
    shop: str = "example.myshopify.com",
    customer: str | None = "",
    age: float = 0,
    secret: str = SECRET,
    extra: tuple[tuple[str, str], ...] = (),
) -> str:
    """The target of a request that the app proxy forwarded."""
    pairs = [
        *extra,
        ("shop", shop),
        ("path_prefix", "/apps/dankbar"),
        ("timestamp", str(int(time.time() - age))),
    ]
    if customer is not None:
        pairs.append(("logged_in_customer_id", customer))
    return f"{path}?{urlencode([*pairs, ('signature', signature(pairs, secret))])}"

"""Proofs as Shopify makes them: session tokens, app proxy signatures, webhook and query HMACs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt

LIFETIME_ADMIN = timedelta(minutes=1)
LIFETIME_SHOPPER = timedelta(minutes=5)


def webhook_hmac(secret: str, body: bytes) -> str:
    """Return the value of X-Shopify-Hmac-Sha256 for these bytes."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def query_hmac(secret: str, params: Mapping[str, str | Sequence[int]]) -> str:
    """Return the ``hmac`` parameter of an admin page's query; lists go by their JSON spelling under the bare name."""
    pairs = sorted((_query_name(key), _query_value(value)) for key, value in params.items() if key != "hmac")
    message = "&".join(f"{key}={value}" for key, value in pairs)
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _query_name(key: str) -> str:
    return key.removesuffix("[]").replace("%", "%25").replace("&", "%26").replace("=", "%3D")


def _query_value(value: str | Sequence[int]) -> str:
    text = value if isinstance(value, str) else json.dumps([str(item) for item in value])
    return text.replace("%", "%25").replace("&", "%26")


def proxy_signature(secret: str, query: str) -> str:
    """Return the ``signature`` of an app proxy query: repeated keys joined by commas, the strings sorted."""
    values: dict[str, list[str]] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key != "signature":
            values.setdefault(key, []).append(value)
    message = "".join(sorted(f"{key}={','.join(items)}" for key, items in values.items()))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def proxy_query(
    secret: str,
    *,
    shop_domain: str,
    path_prefix: str,
    customer_id: int | None,
    now: datetime,
    visitor_query: str = "",
) -> str:
    """Return the query with which Shopify forwards a visitor's request to the app.

    Whatever the visitor sent stands first and is signed with the rest, reserved names too.
    """
    added = urlencode(
        {
            "shop": shop_domain,
            "logged_in_customer_id": "" if customer_id is None else str(customer_id),
            "path_prefix": path_prefix,
            "timestamp": str(int(now.timestamp())),
        },
    )
    query = f"{visitor_query}&{added}" if visitor_query else added
    return f"{query}&{urlencode({'signature': proxy_signature(secret, query)})}"


def admin_token(
    secret: str,
    *,
    client_id: str,
    shop_domain: str,
    user_id: int,
    now: datetime,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return an App Bridge id token, good for a minute; ``claims`` replaces claims, None removes one."""
    return _signed(
        secret,
        {
            "iss": f"https://{shop_domain}/admin",
            "dest": f"https://{shop_domain}",
            "aud": client_id,
            "sub": str(user_id),
            **_times(now, LIFETIME_ADMIN),
            "jti": str(uuid.uuid4()),
            "sid": uuid.uuid4().hex,
        },
        claims,
    )


def shopper_token(
    secret: str,
    *,
    client_id: str,
    shop_domain: str,
    customer_id: int | None,
    now: datetime,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return what checkout and account extensions get: no ``iss``, a bare ``dest``, ``sub`` only when signed in."""
    signed_in = {} if customer_id is None else {"sub": f"gid://shopify/Customer/{customer_id}"}
    return _signed(
        secret,
        {
            "dest": shop_domain,
            "aud": client_id,
            **_times(now, LIFETIME_SHOPPER),
            "jti": str(uuid.uuid4()),
            **signed_in,
        },
        claims,
    )


def _times(now: datetime, lifetime: timedelta) -> dict[str, int]:
    issued = int(now.timestamp())
    return {"exp": issued + int(lifetime.total_seconds()), "nbf": issued, "iat": issued}


def _signed(secret: str, claims: dict[str, Any], changes: Mapping[str, Any] | None) -> str:
    merged = {**claims, **(changes or {})}
    return jwt.encode({key: value for key, value in merged.items() if value is not None}, secret, "HS256")

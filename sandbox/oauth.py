"""The token endpoint of a shop: token exchange and refresh of expiring offline tokens."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from sandbox.money import Body
from sandbox.state import AccessToken, RefreshToken, Shop, State

ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=90)
REUSE_AFTER_FIRST_USE = timedelta(days=30)
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"

Answer = tuple[int, Body]


def grant(state: State, shop: Shop, form: Mapping[str, Any]) -> Answer:
    """Answer a request for tokens: (200, pair) or (400 or 401, Shopify's error body)."""
    if form.get("client_id") != state.client_id or not hmac.compare_digest(
        str(form.get("client_secret", "")).encode(), state.client_secret.encode()
    ):
        return _error(401, "invalid_client", "The client could not be authenticated.")
    kind = form.get("grant_type")
    if kind == EXCHANGE:
        return _exchange(state, shop, form)
    if kind == "refresh_token":
        return _refresh(state, shop, str(form.get("refresh_token", "")))
    return _error(400, "unsupported_grant_type", "This way of asking for a token is not known.")


def _exchange(state: State, shop: Shop, form: Mapping[str, Any]) -> Answer:
    if form.get("subject_token_type") != ID_TOKEN or form.get("requested_token_type") != OFFLINE:
        return _error(400, "invalid_request", "The sandbox exchanges an id token for an offline token.")
    if str(form.get("expiring", "0")) != "1":
        return _error(400, "invalid_request", "Public apps must ask for expiring offline tokens.")
    if not shop.installed or not _is_valid_subject(state, shop, str(form.get("subject_token", ""))):
        return _error(400, "invalid_subject_token", "The subject token is not a valid session token.")
    return 200, _pair(shop, state.now(), parent=None)


def _is_valid_subject(state: State, shop: Shop, token: str) -> bool:
    try:
        claims = jwt.decode(
            token,
            state.client_secret,
            algorithms=["HS256"],
            audience=state.client_id,
            options={
                "require": ["exp", "nbf", "iss", "dest", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidTokenError:
        return False
    now = state.now().timestamp()
    return bool(
        claims["dest"] == f"https://{shop.domain}"
        and claims["iss"] == f"https://{shop.domain}/admin"
        and int(claims["nbf"]) - 10 <= now <= int(claims["exp"]) + 10
    )


def _refresh(state: State, shop: Shop, token: str) -> Answer:
    now = state.now()
    held = shop.refresh_tokens.get(token)
    if held is None or not _is_usable(held, now):
        return _error(400, "invalid_grant", "The refresh token is unknown, expired or has been replaced.")
    if held.parent is not None and held.first_used_at is None:
        shop.refresh_tokens[held.parent].revoked = True
    if held.first_used_at is None:
        held.first_used_at = now
    return 200, _pair(shop, now, parent=token)


def _is_usable(held: RefreshToken, now: datetime) -> bool:
    if held.revoked or held.expires_at <= now:
        return False
    return held.first_used_at is None or now < held.first_used_at + REUSE_AFTER_FIRST_USE


def _pair(shop: Shop, now: datetime, *, parent: str | None) -> Body:
    access, refresh = f"shpua_{secrets.token_hex(16)}", f"shprt_{secrets.token_hex(16)}"
    shop.access_tokens[access] = AccessToken(access, now + ACCESS_LIFETIME)
    shop.refresh_tokens[refresh] = RefreshToken(refresh, now + REFRESH_LIFETIME, parent)
    return {
        "access_token": access,
        "scope": ",".join(shop.scopes),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": refresh,
        "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
    }


def is_live(shop: Shop, token: str, now: datetime) -> bool:
    """Say whether an access token opens this shop's Admin API now."""
    held = shop.access_tokens.get(token)
    return shop.installed and held is not None and now < held.expires_at


def revoke_all(shop: Shop) -> None:
    """End every token of a shop, as uninstalling does."""
    shop.access_tokens.clear()
    shop.refresh_tokens.clear()


def _error(status: int, code: str, description: str) -> Answer:
    return status, {"error": code, "error_description": description}

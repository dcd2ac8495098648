"""A shop's access token: good for a moment at least, refreshed by one of many processes, never used after its end.

Every network call is made outside any transaction. A refresh is claimed by a lease on the shop's row, and its pair is
stored only over the pair it came from, so that no process ever writes back a dead token (semantics 34).
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from plugin import metrics, token_store
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.shopify.errors import Disconnected, Unreachable
from plugin.shops import Tokens
from plugin.token_store import Pair

MARGIN = timedelta(minutes=5)
"""An access token is refreshed when it has less than this left."""

KEEP_ALIVE = timedelta(days=7)
"""A pair older than this is refreshed though nobody needs it: a refresh token dies after 90 days."""

PATIENCE = 30.0
"""Seconds to wait for the process that holds the lease, and for the token endpoint."""

_PAUSE = 0.05
_LEAST = timedelta(seconds=10)
_TRIES = 3
_BUSY = {429, 500, 502, 503, 504}
_LONGEST_PAUSE = 5.0

_log = structlog.get_logger("plugin.shopify.tokens")


@dataclass(frozen=True, slots=True)
class Link:
    """What it takes to reach shops: where, which tokens, under which keys, through which client."""

    config: Config = field(repr=False)
    db: Database
    keyring: Keyring
    http: httpx.AsyncClient


async def access_token(link: Link, shop_id: int, now: datetime, *, refused: str | None = None) -> str:
    """A token good for at least a moment, refreshed when within five minutes of its end or when it was ``refused``.

    Raises Disconnected when staff must open the app (or it is uninstalled), Unreachable when Shopify does not answer.
    """
    owner = secrets.token_hex(16)
    started = time.monotonic()
    while True:
        elapsed = time.monotonic() - started
        at = now + timedelta(seconds=elapsed)
        pair = await link.db.read(lambda conn: token_store.load_pair(conn, link.keyring, shop_id))
        if pair is None or not pair.installed or pair.access is None:
            raise Disconnected("This shop does not have the app installed.")
        good = pair.access != refused
        if good and pair.lasts(at + MARGIN):
            return pair.access
        usable = good and pair.lasts(at + _LEAST)
        if pair.refresh is None or pair.needs_reopen:
            if usable:
                return pair.access
            raise Disconnected("The app must be opened once in this shop's admin.")
        if not pair.leased(at) and await _claimed(link, pair, owner, at):
            fresh = await _refresh(link, pair, owner, at)
            if fresh is not None:
                return fresh
        elif usable:
            return pair.access
        if elapsed > PATIENCE:
            raise Unreachable("Another process has been refreshing this shop's token for too long.")
        await asyncio.sleep(_PAUSE)


async def keep_alive(link: Link, now: datetime) -> int:
    """Refresh every pair that is older than a week, and return how many were."""
    refreshed = 0
    for shop_id in await link.db.read(lambda conn: token_store.pairs_older(conn, now - KEEP_ALIVE)):
        try:
            await access_token(link, shop_id, now)
        except (Disconnected, Unreachable) as error:
            _log.warning("keep_alive_failed", reason=type(error).__name__)
        else:
            refreshed += 1
    return refreshed


class _TokenRefused(Exception):
    """The token endpoint says definitely no."""


async def _claimed(link: Link, pair: Pair, owner: str, at: datetime) -> bool:
    return await link.db.write(lambda conn: token_store.take_lease(conn, pair, owner, at))


async def _refresh(link: Link, pair: Pair, owner: str, at: datetime) -> str | None:
    """The fresh access token; None when the stored pair is another one by now and must be looked at again."""
    try:
        tokens, scopes = await _ask(link, pair, at)
    except _TokenRefused:
        metrics.REFRESHES.labels("refused").inc()
        if await link.db.write(lambda conn: token_store.mark_reopen(conn, pair)):
            _log.warning("needs_reopen", shop=pair.handle)
            raise Disconnected("The app must be opened once in this shop's admin.") from None
        return None
    except Unreachable as error:
        metrics.REFRESHES.labels("unreachable").inc()
        await link.db.write(lambda conn: token_store.release(conn, pair, owner))
        _log.warning("token_endpoint", shop=pair.handle, reason=str(error))
        if pair.lasts(at + _LEAST) and pair.access is not None:
            return pair.access
        raise
    stored = await link.db.write(
        lambda conn: token_store.replace_pair(conn, link.keyring, pair, tokens, scopes)
    )
    metrics.REFRESHES.labels("refreshed" if stored else "overtaken").inc()
    return tokens.access if stored else None


async def _ask(link: Link, pair: Pair, at: datetime) -> tuple[Tokens, str]:
    """Ask the token endpoint, patiently where it is busy. Raises _TokenRefused or Unreachable."""
    form = {
        "client_id": link.config.api_key,
        "client_secret": link.config.api_secret,
        "grant_type": "refresh_token",
        "refresh_token": pair.refresh,
    }
    url = f"{link.config.shop_origin(pair.handle)}/admin/oauth/access_token"
    attempt = 0
    while True:
        attempt += 1
        try:
            async with asyncio.timeout(PATIENCE):
                response = await link.http.post(url, json=form, headers={"Accept": "application/json"})
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unreachable("Shopify's token endpoint does not answer.") from error
        answer = _json(response)
        if response.status_code == 200:
            return _read(answer, at)
        if answer.get("error") == "invalid_grant":
            raise _TokenRefused
        if response.status_code not in _BUSY or attempt == _TRIES:
            raise Unreachable(f"Shopify's token endpoint answers {response.status_code}.")
        await asyncio.sleep(_pause(response.headers.get("retry-after", ""), attempt))


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _read(answer: Mapping[str, Any], at: datetime) -> tuple[Tokens, str]:
    access, refresh, scope = answer.get("access_token"), answer.get("refresh_token"), answer.get("scope")
    if not isinstance(access, str) or not access or not isinstance(refresh, str) or not refresh:
        raise Unreachable("Shopify's token endpoint gave no usable answer.")
    expires = _after(answer.get("expires_in"), at)
    if expires is not None and expires <= at:
        raise Unreachable("Shopify's token endpoint gave a token that is over already.")
    tokens = Tokens(access, expires, refresh, _after(answer.get("refresh_token_expires_in"), at))
    return tokens, scope if isinstance(scope, str) else ""


def _after(seconds: object, at: datetime) -> datetime | None:
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 10**9
    return at + timedelta(seconds=float(str(seconds))) if known else None


def _pause(asked: str, attempt: int) -> float:
    try:
        seconds = float(asked)
    except ValueError:
        seconds = 0.25 * 2**attempt
    return min(max(0.0, seconds), _LONGEST_PAUSE)

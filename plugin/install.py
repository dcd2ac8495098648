"""How a shop's token comes, is renewed and ends: the exchange at first sight, and the refresh under a lease.

Every network call is made outside any transaction. A refresh is claimed by a lease on the shop's row, and its pair is
stored only over the pair it came from, so that no process ever writes back a dead token (semantics 34).
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import structlog
from shopify_app import ShopifyApp, TokenExchangeResult
from sqlalchemy import Connection

from plugin import token_store
from plugin.config import Config
from plugin.crypto import Keyring, SealBroken
from plugin.database import Database
from plugin.errors import Unauthorized, Unavailable
from plugin.guards import Merchant
from plugin.shopify.errors import Disconnected, Unreachable
from plugin.shops import Shop, Tokens, find_shop, record_exchange
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

_log = structlog.get_logger("plugin.install")


@dataclass(frozen=True, slots=True)
class Link:
    """What it takes to reach shops: where, which tokens, under which keys, through which client."""

    config: Config
    db: Database
    keyring: Keyring
    http: httpx.AsyncClient


async def open_shop(
    link: Link, proof: Merchant, now: datetime, also: Callable[[Connection, Shop], None] | None = None
) -> Shop:
    """The merchant's shop, its token exchanged at first sight, after a reinstall, and when the pair died.

    ``also`` runs in the transaction that records the exchange. Raises Unauthorized or Unavailable.
    """
    known = await link.db.read(lambda conn: find_shop(conn, proof.shop_handle))
    if known is not None and known.installed and not known.needs_reopen:
        return known
    return await exchange(link, proof, now, also)


async def exchange(
    link: Link, proof: Merchant, now: datetime, also: Callable[[Connection, Shop], None] | None = None
) -> Shop:
    """Exchange the proof's id token for an expiring offline pair and record it. Raises Unauthorized or Unavailable."""
    library = _library(link.config)

    async def ask() -> TokenExchangeResult:
        return await library.exchange_using_token_exchange_async(
            access_mode="offline",
            id_token={"exchangeable": True, "token": proof.id_token, "claims": dict(proof.claims)},
            invalid_token_response={"status": 401, "body": "", "headers": {}},
            expiring=True,
            http_client=link.http,
        )

    try:
        tokens, scopes = await _tokens(ask, now)
    except _TokenRefused as error:
        raise Unauthorized("Shopify did not accept this session: please reload the page.") from error
    except Unreachable as error:
        raise Unavailable("Shopify does not answer at the moment: please try again.") from error

    def record(conn: Connection) -> Shop:
        made = record_exchange(conn, proof.shop_handle, tokens, scopes, now, link.keyring)
        if also is not None:
            also(conn, made)
        return made

    return await link.db.write(record)


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
        if await _claimed(link, pair, owner, at):
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


async def rotate_keys(db: Database, keyring: Keyring) -> int:
    """Seal every secret of every shop with the newest key, and return how many values were sealed again.

    Raises SealBroken at the end when some value opens with none of the configured keys.
    """
    sealed = lost = 0
    for shop_id in await db.read(token_store.shop_ids):

        def again(conn: Connection, shop_id: int = shop_id) -> tuple[int, int]:
            return token_store.rewrap(conn, keyring, shop_id)

        done, broken = await db.write(again)
        sealed, lost = sealed + done, lost + broken
    if lost:
        raise SealBroken(
            f"{lost} stored secrets open with no key in DANKBAR_SECRET_KEY: add the key they were made with."
        )
    return sealed


class _TokenRefused(Exception):
    """The token endpoint says definitely no."""


async def _claimed(link: Link, pair: Pair, owner: str, at: datetime) -> bool:
    return await link.db.write(lambda conn: token_store.take_lease(conn, pair, owner, at))


async def _refresh(link: Link, pair: Pair, owner: str, at: datetime) -> str | None:
    """The fresh access token; None when the stored pair is another one by now and must be looked at again."""
    library = _library(link.config)
    held = {"shop": pair.handle, "refresh_token": pair.refresh, "access_mode": "offline", "expires": ""}

    async def ask() -> TokenExchangeResult:
        return await library.refresh_token_exchanged_access_token_async(
            {**held, "refresh_token_expires": ""}, http_client=link.http
        )

    try:
        tokens, scopes = await _tokens(ask, at)
    except _TokenRefused:
        if await link.db.write(lambda conn: token_store.mark_reopen(conn, pair)):
            _log.warning("needs_reopen", shop=pair.handle)
            raise Disconnected("The app must be opened once in this shop's admin.") from None
        return None
    except Unreachable:
        await link.db.write(lambda conn: token_store.release(conn, pair, owner))
        if pair.lasts(at + _LEAST) and pair.access is not None:
            return pair.access
        raise
    stored = await link.db.write(
        lambda conn: token_store.replace_pair(conn, link.keyring, pair, tokens, scopes)
    )
    return tokens.access if stored else None


async def _tokens(ask: Callable[[], Any], now: datetime) -> tuple[Tokens, str]:
    """Ask the token endpoint, patiently where it is busy. Raises _TokenRefused or Unreachable."""
    for attempt in range(_TRIES):
        try:
            async with asyncio.timeout(PATIENCE):
                result = await ask()
        except (
            TimeoutError,
            httpx.HTTPError,
            ValueError,
            TypeError,
            AttributeError,
            ArithmeticError,
        ) as error:
            raise Unreachable("Shopify's token endpoint gave no usable answer.") from error
        if result.ok:
            return _read(result, now)
        if result.log.code in {"invalid_grant", "invalid_subject_token", "refresh_token_expired"}:
            raise _TokenRefused
        last = result.http_logs[-1].res if result.http_logs else None
        if last is None or last.status != 429 or attempt == _TRIES - 1:
            _log.warning("token_endpoint", code=result.log.code)
            raise Unreachable("Shopify's token endpoint does not answer.")
        await asyncio.sleep(_pause(last.headers))
    raise AssertionError("unreachable")


def _pause(headers: Mapping[str, str]) -> float:
    given = headers.get("retry-after", "")
    return min(float(given), 5.0) if given.replace(".", "", 1).isdigit() and given.isascii() else 1.0


def _read(result: TokenExchangeResult, now: datetime) -> tuple[Tokens, str]:
    token = result.access_token
    if token is None or not token.token:
        raise Unreachable("Shopify's token endpoint gave no usable answer.")
    shift = now - datetime.now(UTC)  # the library reckons expiries by its own clock, everything else by ours
    tokens = Tokens(
        str(token.token),
        _when(token.expires, shift),
        str(token.refresh_token) if token.refresh_token else None,
        _when(token.refresh_token_expires, shift),
    )
    if tokens.access_expires is not None and tokens.access_expires <= now:
        raise Unreachable("Shopify's token endpoint gave a token that is over already.")
    return tokens, token.scope or ""


def _when(text: str | None, shift: timedelta) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) + shift if text else None


def _library(config: Config) -> ShopifyApp:
    return ShopifyApp(config.api_key, config.api_secret, config.old_api_secret)

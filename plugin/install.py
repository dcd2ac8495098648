"""How a shop comes to have the app: the exchange of its first id token, and what keeps its secrets readable.

The app is installed by Shopify itself; our first sight of a shop is a signed id token in its admin, exchanged at once
for an expiring offline pair.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shopify_app import ShopifyApp, TokenExchangeAccessToken, TokenExchangeResult
from sqlalchemy import Connection

from plugin import token_store
from plugin.config import Config
from plugin.crypto import Keyring, SealBroken
from plugin.database import Database
from plugin.errors import Unauthorized, Unavailable
from plugin.guards import Merchant
from plugin.shopify.tokens import Link as Link
from plugin.shopify.tokens import access_token as access_token
from plugin.shopify.tokens import keep_alive as keep_alive
from plugin.shopify.transport import shop_client
from plugin.shops import Shop, Tokens, find_shop, record_exchange

PATIENCE = 20.0
"""Seconds a person waits for Shopify's token endpoint before being asked to try again."""

Also = Callable[[Connection, Shop], None]
"""What else an installation does, in the transaction that records it."""


async def open_shop(
    config: Config, db: Database, keyring: Keyring, proof: Merchant, now: datetime, also: Also | None = None
) -> Shop:
    """The merchant's shop, its token exchanged at first sight, after a reinstall, and when the pair died.

    ``also`` runs in the transaction that records an exchange. Raises Unauthorized or Unavailable.
    """
    known = await db.read(lambda conn: find_shop(conn, proof.shop_handle))
    if known is not None and known.installed and not known.needs_reopen:
        return known
    tokens, scopes = _usable(await _exchanged(config, proof), now)

    def record(conn: Connection) -> Shop:
        made = record_exchange(conn, proof.shop_handle, tokens, scopes, now, keyring)
        if also is not None:
            also(conn, made)
        return made

    return await db.write(record)


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
            f"{lost} stored secrets open with no key in DANKBAR_SECRET_KEY: add the key they need."
        )
    return sealed


async def _exchanged(config: Config, proof: Merchant) -> TokenExchangeResult:
    """Exchange the proof's id token. Raises Unauthorized where Shopify refuses it, Unavailable where it is silent."""
    library = ShopifyApp(config.api_key, config.api_secret, config.old_api_secret)
    try:
        async with asyncio.timeout(PATIENCE), shop_client(config) as http:
            result = await library.exchange_using_token_exchange_async(
                access_mode="offline",
                id_token={"exchangeable": True, "token": proof.id_token, "claims": dict(proof.claims)},
                invalid_token_response={"status": 401, "body": "", "headers": {}},
                expiring=True,
                http_client=http,
            )
    except (TimeoutError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Unavailable("Shopify does not answer at the moment: please try again.") from error
    if result.log.code == "invalid_subject_token":
        raise Unauthorized("Shopify did not accept this session: please reload the page.")
    if not result.ok:
        raise Unavailable("Shopify does not answer at the moment: please try again.")
    return result


def _usable(result: TokenExchangeResult, now: datetime) -> tuple[Tokens, str]:
    token: TokenExchangeAccessToken | None = result.access_token
    if token is None or not token.token:
        raise Unavailable("Shopify gave no usable answer: please try again.")
    shift = now - datetime.now(UTC)  # the library reckons expiries by its own clock, everything else by ours
    tokens = Tokens(
        str(token.token),
        _when(token.expires, shift),
        str(token.refresh_token) if token.refresh_token else None,
        _when(token.refresh_token_expires, shift),
    )
    return tokens, token.scope or ""


def _when(text: str | None, shift: timedelta) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) + shift if text else None

"""From the first token to a shop that earns: its facts are read, its settings begin, its waiting webhooks are released."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

import widgets
from plugin import install, settings, shops, tasks
from plugin.billing.contracts import NOT_OURS, unrelated
from plugin.clock import Job
from plugin.errors import Forbidden
from plugin.guards import Merchant
from plugin.runtime import Runtime
from plugin.settings import ShopSettings
from plugin.shopify.errors import AccessDenied, GatewayError, Misunderstood
from plugin.shopify.shop import ShopFacts, shop_facts
from plugin.shopify.tokens import keep_alive
from plugin.shops import Shop
from plugin.tasks import Handler, TaskRun, Wanted
from webhooks import inbox

SET_UP = "shop.set_up"
KEEP_ALIVE = "shop.keep_alive"

UNKNOWN = ShopFacts(
    gid="",
    name="",
    currency="EUR",
    time_zone="Europe/Berlin",
    country="",
    development=False,
    primary_domain="",
)
"""What a shop starts with when Shopify withholds its facts; the merchant can correct both in the settings."""

log = structlog.get_logger()


async def admit(runtime: Runtime, proof: Merchant, now: datetime) -> Shop:
    """Return the merchant's shop, installed and set up at first sight. Raises Unauthorized, Unavailable or Forbidden.

    Forbidden is a shop that has no part in the contract which Stripe bills. While Shopify cannot be asked for the shop's facts, a task goes on asking; until then its webhooks wait.
    """
    if runtime.config.billing == "stripe":
        await _expect_contract(runtime, proof.shop_handle)
    also = partial(_welcome_back, now=now)
    shop = await install.open_shop(runtime.config, runtime.db, runtime.keyring, proof, now, also)
    if await runtime.db.read(lambda conn: _is_set_up(conn, shop)):
        return shop
    try:
        await set_up(runtime, shop, now)
    except GatewayError as error:
        log.warning("shop not set up yet", shop=shop.handle, error=type(error).__name__)
        wanted = [Wanted(shop.id, SET_UP, "first", now, {})]
        await runtime.db.write(lambda conn: tasks.enqueue(conn, wanted, now))
    runtime.bells.ring("inbox", "tasks")
    return shop


async def _expect_contract(runtime: Runtime, handle: str) -> None:
    def known(conn: Connection) -> list[str]:
        return [shop.handle for shop in shops.installed_shops(conn)]

    handles = await runtime.db.read(known)
    if unrelated([*(one for one in handles if one != handle), handle], runtime.config.stripe_shops) == handle:
        raise Forbidden(NOT_OURS)


def _welcome_back(conn: Connection, shop: Shop, now: datetime) -> None:
    """Release what waited while a shop that was here before had the app uninstalled."""
    if _is_set_up(conn, shop):
        inbox.release(conn, now, shop=shop.handle)
        tasks.release_parked(conn, shop.id, now)


async def set_up(runtime: "Runtime | TaskRun", shop: Shop, now: datetime) -> None:
    """Read the shop's facts and begin its settings; raises GatewayError while Shopify cannot be asked."""
    try:
        facts = await shop_facts(runtime.gateway, shop)
    except (AccessDenied, Misunderstood):
        facts = UNKNOWN
    await runtime.db.write(partial(begin, shop=shop, facts=facts, now=now))


def begin(conn: Connection, shop: Shop, facts: ShopFacts, now: datetime) -> None:
    """Store the facts and the first version of every section, and release what waited for this shop."""
    _record(conn, shop, facts)
    first = ShopSettings(
        time_zone=facts.time_zone,
        currency=facts.currency,
        count_test_orders=facts.development,
        active_from=shop.installed_at.isoformat(),
    )
    settings.establish(conn, shop.id, [first, *(one.settings() for one in widgets.ALL.values())], now)
    for widget in widgets.ALL.values():
        if widget.on_install is not None:
            widget.on_install(conn, shop.id, now)
    inbox.release(conn, now, shop=shop.handle)


def _record(conn: Connection, shop: Shop, facts: ShopFacts) -> None:
    shops.record_facts(
        conn,
        shop.id,
        gid=facts.gid,
        name=facts.name or shop.handle,
        country=facts.country or None,
        development=facts.development,
        primary_domain=facts.primary_domain or None,
    )


async def _read_again(run: TaskRun) -> None:
    facts = await shop_facts(run.gateway, run.shop)
    await run.db.write(partial(_record, shop=run.shop, facts=facts))


def _is_set_up(conn: Connection, shop: Shop) -> bool:
    return settings.versions(conn, [shop.id], [ShopSettings]).stored(shop.id, ShopSettings)


async def _set_up_later(run: TaskRun) -> None:
    await set_up(run, run.shop, run.now)
    run.bells.ring("inbox", "tasks")


async def _keep_alive(run: TaskRun) -> None:
    await keep_alive(run.gateway.link, run.now)


def _ask_keep_alive(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Have every pair of tokens that is a week old renewed by one task, whichever shop it is filed under."""
    first = next((one for one in shops.installed_shops(conn) if shop_id in (None, one.id)), None)
    if first is not None:
        tasks.enqueue(conn, [Wanted(first.id, KEEP_ALIVE, "all", now, {})], now)
    return 0


TASKS: Mapping[str, Handler] = {
    SET_UP: _set_up_later,
    shops.FACTS: _read_again,
    KEEP_ALIVE: _keep_alive,
}
JOBS = (Job("shop.keep_alive", timedelta(days=1), _ask_keep_alive),)

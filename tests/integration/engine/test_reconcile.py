"""What was fetched is merged as webhooks are, and one order that cannot be counted holds up no other."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

import widgets
from plugin import reconcile
from plugin.core.orders import Arrival, Snapshot
from plugin.database import Database
from plugin.reconcile import Outcome
from plugin.shopify import FetchedOrder
from plugin.shops import Shop
from plugin.tasks import TaskRun, task
from plugin.wake import Bells
from tests import engine
from tests.integration.engine.stories import ANNA, NOW, bought, figures, installed, tell
from webhooks import payloads
from widgets.loyalty.settings import LoyaltySettings


def fetched(body: Mapping[str, Any], shop: Shop, *, lost: bool = False) -> FetchedOrder:
    """The order as a fetch that began now shows it."""
    facts, token = payloads.order(json.dumps(body).encode())
    return FetchedOrder(Arrival(shop.id, facts.id, Snapshot(facts, NOW), lost=lost), token, lost)


async def asked(db: Database) -> list[str]:
    """The orders that are to be fetched."""
    wanted = select(task.c.key).where(task.c.name == widgets.FETCH_ORDER).order_by(task.c.key)
    return await db.read(lambda conn: list(conn.execute(wanted).scalars()))


async def merged(db: Database, shop: Shop, *found: FetchedOrder) -> Outcome:
    run = TaskRun(db, engine.KEYRING, Bells(), None, shop, "k", {}, NOW)  # type: ignore[arg-type]
    return await reconcile._absorb(run, shop, found, NOW)


async def test_one_order_in_a_foreign_currency_is_set_aside_alone(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0)])
    foreign = bought(2).body() | {"currency": "USD"}
    outcome = await merged(
        db, shop, *(fetched(body, shop) for body in (bought(1).body(), foreign, bought(3).body()))
    )
    assert (outcome.fetched, outcome.missed) == (3, 2)
    assert await db.read(lambda conn: figures(conn, shop, ANNA)) == (98, 0, 0)
    assert await asked(db) == ["2"]
    assert (await engine.verified(db, NOW)).breaches == ()


async def test_a_webhook_of_the_same_second_with_other_facts_asks_for_a_fetch_and_the_fetch_for_none(
    db: Database,
) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0)])
    purchase = bought(1, 10_000)
    purchase.refund(5, favour=1_000)
    await db.write(lambda conn: tell(conn, purchase))
    assert await asked(db) == ["1"]
    await db.write(lambda conn: conn.execute(task.delete()))
    await merged(db, shop, fetched(bought(1, 10_000).body(), shop))
    assert await asked(db) == []
    assert await db.read(lambda conn: figures(conn, shop, ANNA)) == (90, 0, 0)


async def test_a_refund_known_by_its_id_alone_asks_for_a_fetch(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0)])
    untold = bought(1).body() | {"refunds": [{"id": 5, "created_at": "2026-05-02T12:00:00Z"}]}

    async def ask() -> None:
        def store(conn: Any) -> None:
            engine.store(conn, "orders/updated", untold, now=NOW)
            engine.handle_all(conn, NOW)

        await db.write(store)

    await ask()
    assert await asked(db) == ["1"]
    assert shop.installed


async def test_a_lost_chargeback_takes_the_points_and_a_won_one_gives_them_back(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0)])
    await merged(db, shop, fetched(bought(1).body(), shop, lost=True))
    assert await db.read(lambda conn: figures(conn, shop, ANNA)) == (0, 0, 0)
    later = fetched(bought(1).body(), shop)
    snapshot = later.arrival.snapshot
    assert snapshot is not None
    won = FetchedOrder(
        Arrival(shop.id, 1, Snapshot(snapshot.facts, NOW + timedelta(seconds=1))), later.checkout_token
    )
    await merged(db, shop, won)
    assert await db.read(lambda conn: figures(conn, shop, ANNA)) == (49, 0, 0)
    assert (await engine.verified(db, NOW)).breaches == ()

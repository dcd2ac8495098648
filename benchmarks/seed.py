"""What is there before something is measured: shops with their settings, pools of codes, and webhooks that wait."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, update

import widgets
from plugin import clock, settings
from plugin.core import codes
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.settings import ShopSettings
from plugin.shops import Tokens, record_exchange
from plugin.worker import jobs
from webhooks import inbox
from webhooks.inbox import Received
from widgets.coupon import campaigns
from widgets.coupon.deciding import MODELS
from widgets.coupon.tables import FREE, coupon_code, coupon_node

KEYRING = Keyring((b"k" * 32,))
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
NEW_ORDERS = 2 * 10**12
PORTION = 2_000


def handle(number: int) -> str:
    """Return the handle of a shop, counted from 0."""
    return f"shop-{number}"


def shops(conn: Connection, count: int, now: datetime) -> list[int]:
    """Install that many shops with every section at its defaults; their ids in order."""
    ids = []
    tokens = Tokens("access", None, None, None)
    for number in range(count):
        made = record_exchange(conn, handle(number), tokens, "read_orders", now, KEYRING)
        own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=LONG_AGO.isoformat())
        settings.establish(conn, made.id, [own, *(widget.settings() for widget in widgets.ALL.values())], now)
        ids.append(made.id)
    return ids


def settled(conn: Connection, now: datetime) -> None:
    """Let the clock's jobs be done for today, as they are at most moments of a process's life."""
    for job in clock.due(conn, jobs(KEYRING), now):
        clock.settle(conn, job, now)


def pools(conn: Connection, shop_ids: Sequence[int], each: int, now: datetime) -> None:
    """Put free codes into every shop's pool, as if minted, and no need to top up."""
    versions = settings.versions(conn, shop_ids, MODELS)
    running = {id: found for id in shop_ids if (found := campaigns.current(versions, id)) is not None}
    for shop_id, node in campaigns.nodes(conn, running, now).items():
        for start in range(0, each, PORTION):
            rows = [
                {
                    "shop_id": shop_id,
                    "node_id": node.id,
                    "code": code,
                    "gid": f"gid://shopify/DiscountRedeemCode/{code}",
                    "state": FREE,
                }
                for code in codes.new_codes(min(PORTION, each - start))
            ]
            conn.execute(insert(coupon_code), rows)
        minted = {"gid": f"gid://shopify/DiscountCodeNode/{node.id}", "low_id": 2**62}
        conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(minted))


async def wait_in_inbox(db: Database, told: Iterable[tuple[str, bytes]], now: datetime) -> int:
    """Store ``orders/paid`` webhooks, given as shop and body, as the door does; returns how many."""
    rows = [
        Received("shopify", shop, f"event-{now.timestamp()}-{number}", "orders/paid", now, now, body)
        for number, (shop, body) in enumerate(told)
    ]
    for start in range(0, len(rows), 256):
        portion = [row.row(KEYRING) for row in rows[start : start + 256]]
        await db.write(lambda conn, portion=portion: inbox.store(conn, portion))  # type: ignore[misc]
    return len(rows)

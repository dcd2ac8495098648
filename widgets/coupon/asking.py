"""What Shopify is asked about a customer, and the coupons that its answer decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from plugin import tasks
from plugin.core import accounts, order_book, tombstones
from plugin.core.order_book import order
from plugin.database import among
from plugin.shopify.customers import customer_facts
from plugin.tasks import TaskRun, Wanted
from widgets.coupon import people
from widgets.coupon.deciding import CUSTOMER
from widgets.coupon.effects import on_orders
from widgets.coupon.groups import Group, groups_of
from widgets.coupon.stamps import Counted
from widgets.coupon.tables import coupon

_WAITING = (
    select(order.c.id)
    .join(coupon, coupon.c.order_ref == order.c.id)
    .where(
        order.c.shop_id == coupon.c.shop_id,
        among(order.c.shop_id, "shops"),
        among(order.c.customer_id, "customers"),
        coupon.c.doubt.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Shopify said: the number of orders, and the tags where they were asked for a day."""

    counted: Counted
    day: date | None = None
    tags: Sequence[str] = ()
    of: Group | None = None
    """Who was one person when Shopify was asked."""


async def customer(run: TaskRun) -> None:
    """Ask how many orders a customer has placed, once, and their tags for a day; decide the coupons that waited for it.

    The key is ours of the customer's row, with the day; nothing is done for one that was erased. Somebody whom Shopify
    does not know any more has no orders but those we were told of, and no tags. Bells ring for the orders.
    """
    text, _, day_text = run.key.partition(":")
    key, day = int(text), date.fromisoformat(day_text) if day_text else None
    shop_id, now = run.shop.id, run.now
    row, tags = await run.db.read(
        lambda conn: (people.by_key(conn, shop_id, key), people.tags_of(conn, [key]))
    )
    if row is None:
        return
    pair = (shop_id, row.customer_id)
    groups = await run.db.read(lambda conn: groups_of(conn, [pair]))
    if groups[pair].kept != row.customer_id:
        await run.db.write(partial(_ask_of_kept, row=row, day=day, now=now))
        return
    answer = None
    if row.orders is None or (day is not None and (key, day) not in tags):
        facts = await customer_facts(run.gateway, run.shop, row.customer_id, tags=day is not None)
        counted = Counted(facts.orders if facts else 0, now)
        answer = Answer(counted, day, facts.tags if facts else (), groups[pair])
    decided = await run.db.write(lambda conn: decide(conn, shop_id, key, answer, now))
    run.bells.ring(*(f"order:{shop_id}:{order_id}" for order_id in decided))


def on_merge(conn: Connection, shop_id: int, root: int, now: datetime) -> None:
    """Have a person counted anew of whom only a part was, before their next order depends on it."""
    (kept,) = accounts.by_id(conn, [root]).values()
    if kept.customer_id is not None:
        key = people.to_be_counted(conn, shop_id, kept.customer_id)
        if key is not None:
            tasks.enqueue(conn, [Wanted(shop_id, CUSTOMER, str(key), now, {})], now)


def _ask_of_kept(conn: Connection, row: Row[Any], day: date | None, now: datetime) -> None:
    """Ask about the one into whom a customer was merged since: Shopify does not know the other any more."""
    key = people.kept_key(conn, row.shop_id, row.customer_id)
    tasks.enqueue(conn, [Wanted(row.shop_id, CUSTOMER, f"{key}:{day}" if day else str(key), now, {})], now)


def decide(conn: Connection, shop_id: int, key: int, answer: Answer | None, now: datetime) -> list[int]:
    """Write the answer down, unless there is one, and decide what waited for it; returns Shopify's ids of the orders.

    Orders are locked before customers, as everywhere. What was said before a merge says nothing of the person after it:
    then it is asked again.
    """
    tombstones.share(conn, [shop_id])
    row = people.by_key(conn, shop_id, key)
    if row is None:
        return []
    pair = (shop_id, row.customer_id)
    group = groups_of(conn, [pair])[pair]
    if answer is not None and answer.of not in {None, group}:
        _ask_of_kept(conn, row, answer.day, now)
        return []
    refs = conn.execute(_WAITING, {"shops": [shop_id], "customers": sorted(group.members)}).scalars()
    changes = order_book.load(conn, refs)
    if answer is not None:
        people.count(conn, shop_id, row.customer_id, key, answer.counted)
        if answer.day is not None:
            people.tag(conn, key, answer.day, answer.tags)
    on_orders(conn, changes, now)
    return [change.order_id for change in changes]

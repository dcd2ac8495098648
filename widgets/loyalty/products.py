"""Facts about products for bonus campaigns: asked of Shopify by a task, then the orders that wait are derived again.

Which orders wait is read from the orders themselves, so that the task names none and nobody has to be erased from it.
A product that is gone is a fact as well: nothing is asked twice.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, select

from plugin import settings
from plugin.core import order_book, order_codec, product_facts
from plugin.core.ledger import earning
from plugin.core.order_book import order
from plugin.core.product_facts import Wanted
from plugin.database import among
from plugin.shopify import product_facts as ask
from plugin.tasks import Handler, TaskRun
from widgets.loyalty.effects import on_orders
from widgets.loyalty.rules import MODELS
from widgets.loyalty.targets import LEARN, judged

PORTION = 200

_WAITING = (
    select(earning.c.order_ref)
    .where(
        earning.c.shop_id == bindparam("shop"),
        earning.c.waits,
        earning.c.order_ref > bindparam("after"),
    )
    .order_by(earning.c.order_ref)
    .limit(PORTION)
)
_STATES = select(order.c.id, order.c.state).where(among(order.c.id, "refs"), ~order.c.sealed)


async def learn(run: TaskRun) -> None:
    """Ask about every product that an order of the shop waits for, and derive these orders again."""
    shop_id, after = run.shop.id, 0
    while refs := await run.db.read(partial(waiting, shop_id=shop_id, after=after)):
        for about in await run.db.read(partial(missing, shop_id=shop_id, refs=refs)):
            facts = await ask(run.gateway, run.shop, about[1])
            await run.db.write(partial(product_facts.learn, about=about, facts=facts, now=run.now))
        await run.db.write(partial(derive, refs=refs, now=run.now))
        after = refs[-1]


def waiting(conn: Connection, shop_id: int, after: int) -> list[int]:
    """Return the next orders of the shop, by our key, that wait for facts about their products."""
    return list(conn.execute(_WAITING, {"shop": shop_id, "after": after}).scalars())


def missing(conn: Connection, shop_id: int, refs: list[int]) -> list[Wanted]:
    """Return what these orders depend on and nobody asked about yet."""
    versions = settings.versions(conn, [shop_id], MODELS)
    wanted = {
        about
        for row in conn.execute(_STATES, {"refs": refs})
        for about in judged(row.id, shop_id, order_codec.decode(row.state), versions).products()
    }
    return sorted(wanted - product_facts.known(conn, wanted).keys())


def derive(conn: Connection, refs: list[int], now: datetime) -> None:
    """Bring these orders to what is known now."""
    on_orders(conn, order_book.load(conn, refs), now)


TASKS: Mapping[str, Handler] = {LEARN: learn}

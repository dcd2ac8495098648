"""The clock's work on coupons: the day after its last, an unused code is removed."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from plugin import clock, settings, shops, tasks
from plugin.clock import Job
from plugin.database import among, lock_rows
from plugin.settings import ShopSettings
from widgets.coupon import campaigns, patience, pool, refusals, stock, uses, watching
from widgets.coupon.tables import EXPIRED, GIVEN, SPENT, coupon_code, coupon_tags

PORTION = 500
EASTERNMOST = timedelta(hours=14)
"""No clock on Earth is further ahead of UTC."""

STOCK = "coupon.stock"
SHOPS = 50
TAGS_FOR = timedelta(days=30)

_DUE = (coupon_code.c.state == GIVEN) & (coupon_code.c.expires_on < bindparam("today"))
_SHOPS = select(coupon_code.c.shop_id).where(_DUE).distinct().order_by(coupon_code.c.shop_id)
_CODES = (
    select(coupon_code.c.id, coupon_code.c.node_id, uses.IS_USED.label("used"))
    .where(_DUE, coupon_code.c.shop_id == bindparam("shop"))
    .order_by(coupon_code.c.expires_on, coupon_code.c.id)
    .limit(bindparam("most"))
)
_CODES_LOCKED = _CODES.with_for_update(skip_locked=True)
_OLD_TAGS = delete(coupon_tags).where(coupon_tags.c.day < bindparam("before"))
_END = (
    update(coupon_code)
    .where(among(coupon_code.c.id, "codes"))
    .values(state=bindparam("new_state"), expires_on=None)
)


def expire(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """End codes whose last day is over on their shop's clock, a portion at a time; returns how many.

    A late removal favours the shopper; a used code stays as it is.
    """
    found = conn.execute(_SHOPS, {"today": (now + EASTERNMOST).date()}).scalars()
    shops = [id for id in found if shop_id in {None, id}]
    versions = settings.versions(conn, shops, [ShopSettings])
    statement = _CODES_LOCKED if lock_rows(conn) else _CODES
    done, losing = 0, set[int]()
    for shop in shops:
        today = now.astimezone(versions.current(shop, ShopSettings).value.zone).date()
        rows = list(conn.execute(statement, {"today": today, "shop": shop, "most": PORTION - done}))
        _end(conn, SPENT, [row.id for row in rows if row.used])
        _end(conn, EXPIRED, [row.id for row in rows if not row.used])
        losing |= {row.node_id for row in rows if not row.used}
        done += len(rows)
        if done == PORTION:
            break
    tasks.enqueue(conn, pool.wanted(pool.REMOVE, losing, campaigns.by_id(conn, losing), now), now)
    return done


def _end(conn: Connection, state: str, codes: list[int]) -> None:
    if codes:
        conn.execute(_END, {"codes": codes, "new_state": state})


def forget_tags(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Forget customers' tags of days from which no order can come any more; returns how many days of how many."""
    return conn.execute(_OLD_TAGS, {"before": (now - TAGS_FOR).date()}).rowcount


def keep_stock(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Have pools filled that have become too small for their shop's orders, some shops at a time; returns how many.

    An order alone would ask for codes only where the pool is half empty by the orders of the day on which it was filled.
    """
    after = clock.reached(conn, STOCK)
    turn = [shop for shop in shops.installed_shops(conn) if shop.id > after][:SHOPS]
    for shop in turn:
        if shop_id in {None, shop.id}:
            nodes = stock.low(conn, shop.id, now)
            tasks.enqueue(conn, pool.wanted(pool.TOP_UP, nodes, nodes, now), now)
    clock.reach(conn, STOCK, now, turn[-1].id if turn else 0)
    return len(turn)


JOBS = (
    Job(STOCK, timedelta(hours=1), keep_stock),
    Job("coupon.expire", timedelta(hours=1), expire),
    Job("coupon.tags", timedelta(days=1), forget_tags),
    watching.JOB,
    *patience.JOBS,
    Job(refusals.MOVE, timedelta(hours=1), refusals.ask),
)

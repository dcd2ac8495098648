"""What previews show of coupons: Shopify's part is played, on a database that is thrown away."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from plugin import settings
from plugin.core import order_book
from widgets.coupon import campaigns, doubts, stock
from widgets.coupon.deciding import MODELS
from widgets.coupon.effects import on_orders
from widgets.coupon.owed import Refusal
from widgets.coupon.tables import FREE, coupon, coupon_code, coupon_customer

SAMPLES = ("7K4M-9QXP-3TRV", "4CWH-6NRJ-9DXK")
"""What previews show, and no shop has: codes that changed with every look would draw the eye for nothing."""


def rehearse(conn: Connection, shop_id: int, now: datetime) -> None:
    """Answer about the customer as Shopify would, and mint two codes, always the same: first for orders that wait.

    The made-up orders, which are above every amount in the settings, fill nobody's month.
    """
    _answer(conn, now)
    conn.execute(
        update(coupon).where(coupon.c.refusal == Refusal.CAP).values(refusal=None, waiting=~coupon.c.void)
    )
    waiting = select(coupon.c.node_id).where(coupon.c.waiting).order_by(coupon.c.order_ref)
    wanted = [*conn.execute(waiting).scalars(), *_ordinary(conn, shop_id, now) * len(SAMPLES)]
    nodes = campaigns.by_id(conn, set(wanted))
    rows = [
        {"shop_id": shop_id, "node_id": node_id, "state": FREE, "code": code, "gid": code}
        for node_id, end in zip(wanted, SAMPLES, strict=False)
        for code in [f"{nodes[node_id].campaign.prefix}-{end}"]
    ]
    if rows:
        conn.execute(insert(coupon_code), rows)
    for node_id in {row["node_id"] for row in rows}:
        stock.review(conn, shop_id, node_id, now, filling=False)


def _ordinary(conn: Connection, shop_id: int, now: datetime) -> list[int]:
    campaign = campaigns.current(settings.versions(conn, [shop_id], MODELS), shop_id)
    return [] if campaign is None else [campaigns.nodes(conn, {shop_id: campaign}, now)[shop_id].id]


def _answer(conn: Connection, now: datetime) -> None:
    """Decide what was left open: a first order counts as one, so that its coupon is seen; nobody has tags."""
    open_ = conn.execute(select(coupon.c.order_ref, coupon.c.doubt).where(coupon.c.doubt.is_not(None))).all()
    for row in open_:
        doubt = doubts.decode(row.doubt)
        choices = tuple(
            msgspec.structs.replace(choice, first_only=False) for choice in doubt.choices if not choice.tags
        )
        eased = msgspec.structs.replace(doubt, choices=choices).encode()
        conn.execute(update(coupon).where(coupon.c.order_ref == row.order_ref).values(doubt=eased))
    conn.execute(update(coupon_customer).values(orders=len(open_), counted_at=now))
    on_orders(conn, order_book.load(conn, [row.order_ref for row in open_]), now)

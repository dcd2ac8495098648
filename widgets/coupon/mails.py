"""The coupon in the merchant's own mails: Shopify is told of it in a metafield of the order, which their Liquid reads.

Only coupons decided while the shop wanted that take part; then they do for good, so that no mail offers a code that
was taken back. The hot path only marks a coupon; ``plugin.copies`` has the rest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, bindparam, case, literal, select, update

from plugin import copies, settings
from plugin.clock import Job
from plugin.core import order_codec, privacy
from plugin.core.order_book import order
from plugin.database import Changes, Id, Utc, among
from plugin.language import language, sentence
from plugin.settings import ShopSettings
from plugin.shopify import delete_coupons, set_coupons
from plugin.shops import shop
from plugin.tasks import Handler, TaskRun
from widgets.base import Processing, Seal, Subject
from widgets.coupon import uses, wording
from widgets.coupon.tables import GIVEN, coupon, coupon_code, coupon_node

MAILS, RECALL = "coupon.mails", "coupon.recall"
SCOPE = "write_orders"
CALLS = 60
"""A task ends after so many; the clock asks for the next one while coupons are due."""

LOCALES = Path(__file__).parent / "locales"

_DUE: Select[Any] = (
    select(
        coupon.c.order_ref,
        coupon.c.mailed,
        coupon.c.mail_due,
        coupon.c.void,
        coupon.c.expires_on,
        order.c.order_id,
        order.c.state,
        coupon_code.c.code,
        coupon_node.c.kind,
        coupon_node.c.value,
        coupon_node.c.currency,
        coupon_node.c.minimum,
        coupon_node.c.goods,
        uses.WAS_USED.label("used"),
    )
    .join(order, order.c.id == coupon.c.order_ref)
    .outerjoin(coupon_node, coupon_node.c.id == coupon.c.node_id)
    .outerjoin(coupon_code, (coupon_code.c.order_ref == coupon.c.order_ref) & (coupon_code.c.state == GIVEN))
    .where(coupon.c.shop_id == bindparam("shop"), coupon.c.mail_due <= bindparam("now", type_=Utc))
    .order_by(coupon.c.mail_due, coupon.c.order_ref)
    .limit(bindparam("most"))
)
_SETTLE = Changes(
    {"ref": Id, "seen": Utc(), "shown": Text()},
    lambda new: (
        update(coupon)
        .where(coupon.c.order_ref == new["ref"])
        .values(
            mailed=new["shown"],
            mail_due=case((coupon.c.mail_due == new["seen"], None), else_=coupon.c.mail_due),
        )
    ),
)
_MINE = (
    select(order.c.order_id, coupon.c.mailed)
    .join(coupon, coupon.c.order_ref == order.c.id)
    .where(among(coupon.c.order_ref, "refs"), coupon.c.mailed.is_not(None), order.c.order_id.is_not(None))
    .order_by(order.c.order_id)
)

_FORGET = update(coupon).where(among(coupon.c.order_ref, "refs")).values(mailed=None, mail_due=None)


@dataclass(frozen=True, slots=True)
class Told:
    """A coupon that is due: ``value`` is what mails should be shown, ``before`` what they are; empty for nothing."""

    ref: int
    order_id: int | None
    seen: datetime
    before: str
    value: str

    @property
    def is_news(self) -> bool:
        """Tell whether Shopify has to be told."""
        return self.order_id is not None and self.before != self.value


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the task of every shop where coupons are due."""
    due = (coupon.c.shop_id == shop.c.id) & (coupon.c.mail_due <= literal(now, Utc))
    copies.ask(conn, MAILS, SCOPE, due, shop_id, now)
    return 0


def granted(conn: Connection, shop_id: int) -> bool:
    """Tell whether the shop lets the app write to orders."""
    return copies.granted(conn, shop_id, SCOPE)


async def write(run: TaskRun) -> None:
    """Write or delete what is due, longest first, 25 in a call; what is unchanged costs no call."""
    for _ in range(CALLS):
        found = await run.db.read(partial(_due, run=run))
        if not found:
            return
        news = {one.order_id: one for one in found if one.is_news and one.order_id is not None}
        values = {id: one.value for id, one in news.items() if one.value}
        unknown = await set_coupons(run.gateway, run.shop, values) if values else set()
        if gone := [id for id, one in news.items() if not one.value]:
            await delete_coupons(run.gateway, run.shop, gone)
        await run.db.write(partial(settle, done=found, unknown=unknown))


def _due(conn: Connection, run: TaskRun) -> list[Told]:
    tone = settings.current(conn, run.shop.id, ShopSettings).tone
    asked = {"shop": run.shop.id, "now": run.now, "most": copies.AT_ONCE}
    return [
        Told(row.order_ref, row.order_id, row.mail_due, row.mailed or "", _value(row, tone))
        for row in conn.execute(_DUE, asked)
    ]


def _value(row: Row[Any], tone: str) -> str:
    """Return what mails show: JSON with texts in the order's own language; empty without a usable code.

    ``minimum`` and ``limits`` are there only where the coupon has them.
    """
    if row.code is None or row.void or row.used:
        return ""
    snapshot = order_codec.decode(row.state).snapshot
    spoken = language(snapshot.facts.locale if snapshot else None, tone, folder=LOCALES)
    shown = {"code": row.code, "value": wording.value(row, spoken), "last_day": row.expires_on.isoformat()}
    if row.minimum:
        shown["minimum"] = spoken.money(row.minimum, row.currency)
    if row.goods:
        shown["limits"] = wording.limits(spoken)
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False)


def settle(conn: Connection, done: Sequence[Told], unknown: set[int]) -> None:
    """Remember what Shopify shows now; what was marked meanwhile stays due."""
    rows = [
        {"ref": one.ref, "seen": one.seen, "shown": "" if one.order_id in unknown else one.value}
        for one in sorted(done, key=lambda one: one.ref)
    ]
    _SETTLE.rows(conn, rows)


def recall(conn: Connection, subject: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the deletion of what mails are shown of a person who is about to be erased here."""
    orders = [
        row.order_id
        for portion in privacy.portions(subject.order_refs)
        for row in conn.execute(_MINE, {"refs": portion})
    ]
    copies.take_back(conn, RECALL, subject.shop_id, orders, seal, now)


async def forget(run: TaskRun) -> None:
    """Delete what mails are shown of an erased person."""
    await copies.taken_back(run, lambda orders: delete_coupons(run.gateway, run.shop, orders))


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield what mails are shown of the person's coupons."""
    for portion in privacy.portions(subject.order_refs):
        for row in conn.execute(_MINE, {"refs": portion}):
            if row.mailed:
                yield {"order": str(row.order_id), "coupon": json.loads(row.mailed)}


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget what mails are shown of the person; Shopify was asked to delete it before."""
    for portion in privacy.portions(subject.order_refs):
        conn.execute(_FORGET, {"refs": portion})


COPY = Processing(
    what=sentence("A copy of your discount code with your order at Shopify"),
    purpose=sentence("So that the shop's own mails about your order can show the code."),
    basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
    retention=sentence("Until your data is erased or the code is used; then it is deleted there as well."),
    recipients=(sentence("Shopify, which sends the shop's mails"),),
    columns=("coupon.mailed", "coupon.mail_due"),
    scopes=(SCOPE,),
    export=export,
    erase=erase,
)
"""Erased before the coupons are: it is kept with them."""

TASKS: Mapping[str, Handler] = {MAILS: write, RECALL: forget}
JOBS = (Job(MAILS, timedelta(seconds=10), ask),)

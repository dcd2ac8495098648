"""What a merchant must be told about coupons: that a month is full, and what became of their discounts."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from plugin import settings
from plugin.database import Utc
from plugin.language import Language, sentence
from plugin.settings import ShopSettings, Versions
from widgets.base import Missing
from widgets.coupon import budget, campaigns, mails, offers, refusals, uses
from widgets.coupon.deciding import MODELS
from widgets.coupon.minting import title
from widgets.coupon.refusals import Reason
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import EDITED, GIVEN, GONE, REFUSED, coupon_code, coupon_node

LATELY = timedelta(days=7)
"""How long a merchant is told of a discount that was deleted and is whole again."""

_DIFFERS = {
    "value": sentence("its value"),
    "minimum": sentence("its minimum"),
    "goods": sentence("its products"),
    "ends": sentence("its dates"),
    "limit": sentence("how often a code works"),
    "customers": sentence("who may use it"),
    "combination": sentence("what it combines with"),
}
_CODES = (
    select(func.count())
    .where(coupon_code.c.node_id == coupon_node.c.id, coupon_code.c.state == GIVEN, ~uses.IS_USED)
    .correlate(coupon_node)
    .scalar_subquery()
)
_TROUBLE = (
    select(
        coupon_node.c.id,
        coupon_node.c.trouble,
        coupon_node.c.trouble_at,
        coupon_node.c.differs,
        _CODES.label("codes"),
        refusals.WAITING.label("waiting"),
    )
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        coupon_node.c.trouble.in_((EDITED, REFUSED))
        | ((coupon_node.c.trouble == GONE) & (coupon_node.c.trouble_at >= bindparam("since", type_=Utc))),
    )
    .order_by(coupon_node.c.id)
)


def alerts(conn: Connection, shop_id: int, language: Language, now: datetime) -> Iterator[str | Missing]:
    """Yield one sentence for each thing that should be looked at."""
    versions = settings.versions(conn, [shop_id], MODELS)
    if versions.current(shop_id, CouponSettings).value.in_mails and not mails.granted(conn, shop_id):
        text = language.gettext(
            "Coupons cannot be written to orders for Shopify's mails yet: the app lacks the permission to edit orders."
        )
        yield Missing(text, mails.SCOPE)
    yield from _full_month(conn, versions, shop_id, language, now)
    offered = {offer.gives for offer in offers.running(versions, shop_id, now)}
    for row in conn.execute(_TROUBLE, {"shop": shop_id, "since": now - LATELY}):
        campaign = campaigns.by_id(conn, {row.id})[row.id].campaign
        if row.trouble == REFUSED and (row.waiting or campaign in offered):
            yield _refused(row, title(campaign), language)
        elif row.trouble == EDITED and row.codes:
            differs = ", ".join(language.gettext(_DIFFERS[one]) for one in json.loads(row.differs or "[]"))
            yield language.ngettext(
                "The discount “%(title)s” was changed in Shopify (%(differs)s), and %(n)s code that was given follows it."
                " New codes come from another one.",
                "The discount “%(title)s” was changed in Shopify (%(differs)s), and %(n)s codes that were given follow it."
                " New codes come from another one.",
                row.codes,
                title=title(campaign),
                differs=differs,
            )
        elif row.trouble == GONE:
            yield language.gettext(
                "The discount “%(title)s” was deleted in Shopify on %(date)s. Another one holds its codes.",
                title=title(campaign),
                date=language.day(
                    row.trouble_at.astimezone(versions.current(shop_id, ShopSettings).value.zone)
                ),
            )


def _refused(row: Any, title: str, language: Language) -> str:
    reason = Reason.of(row.differs)
    parts = [language.gettext(_DIFFERS[part]) for part in reason.parts]
    all_of_it = language.gettext("the campaign")
    said = language.gettext(
        "Shopify does not make the discount “%(title)s” and says: “%(says)s” Please change on the coupon page: %(parts)s."
        " Until then orders get the next coupon that fits.",
        title=title,
        says=reason.says or "…",
        parts=", ".join(parts) or all_of_it,
    )
    if not row.waiting:
        return said
    waiting = language.ngettext(
        "%(n)s order waits for it, since no other coupon fits.",
        "%(n)s orders wait for it, since no other coupon fits.",
        row.waiting,
    )
    return f"{said} {waiting}"


def _full_month(
    conn: Connection, versions: Versions, shop_id: int, language: Language, now: datetime
) -> Iterator[str]:
    of_shop, cap = versions.current(shop_id, ShopSettings).value, offers.cap_of(versions, shop_id)
    month = budget.read(conn, shop_id, cap, now) if cap.amount else None
    today = now.astimezone(of_shop.zone).date()
    begun = [
        one for one in offers.running(versions, shop_id, now) if not one.starts_on or one.starts_on <= today
    ]
    if month is None or not begun or month.full_at is None:
        return
    faces, left = [month.face(offer.gives) for offer in begun], cap.amount - month.issued
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    told = {
        "issued": language.money(month.issued, of_shop.currency),
        "cap": language.money(cap.amount, of_shop.currency),
        "date": language.day(following),
    }
    if min(faces) > left:
        yield language.gettext(
            "This month's coupons are given out: %(issued)s of %(cap)s. The next ones come on %(date)s.",
            **told,
        )
    elif max(faces) > left:
        yield language.gettext(
            "This month's most valuable coupons are given out: %(issued)s of %(cap)s. Others still are; all of them again"
            " from %(date)s on.",
            **told,
        )

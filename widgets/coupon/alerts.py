"""What a merchant must be told about coupons: that a month is full, and what became of their discounts."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from plugin import settings
from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.coupon import budget, campaigns, offers
from widgets.coupon.deciding import MODELS


def alerts(conn: Connection, shop_id: int, language: Language, now: datetime) -> Iterator[str]:
    """Yield one sentence for each thing that should be looked at."""
    versions = settings.versions(conn, [shop_id], MODELS)
    of_shop, cap = versions.current(shop_id, ShopSettings).value, offers.cap_of(versions, shop_id)
    month = budget.read(conn, shop_id, cap, now) if cap.amount else None
    campaign = campaigns.current(versions, shop_id)
    if month is None or campaign is None or month.full_at is None:
        return
    if month.issued + month.face(campaign) > cap.amount:
        today = now.astimezone(of_shop.zone).date()
        following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield language.gettext(
            "This month's coupons are given out: %(issued)s of %(cap)s. The next ones come on %(date)s.",
            issued=language.money(month.issued, of_shop.currency),
            cap=language.money(cap.amount, of_shop.currency),
            date=language.day(following),
        )

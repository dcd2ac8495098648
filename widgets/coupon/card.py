"""The stamp card as its customer sees it: how far it is, and what a full one brings."""

from dataclasses import dataclass

from sqlalchemy import Connection

from plugin.core.earning import Counting
from plugin.language import Language
from widgets.base import Context
from widgets.coupon import offers, people, stamps
from widgets.coupon.campaigns import Campaign
from widgets.coupon.settings import CouponSettings

MOST_DRAWN = 20
"""A longer card is told in words alone."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """``have`` of ``of``; ``label`` says so in words, ``text`` what is to come. ``drawn``: short enough for a row."""

    have: int
    of: int
    text: str
    label: str
    drawn: bool


def card(conn: Connection, ctx: Context, settings: CouponSettings) -> Stamps | None:
    """Return the card of the customer who asks; None for anybody else, and until Shopify has counted their orders."""
    offer = offers.stamp_offer(settings, ctx.settings.currency)
    if not settings.enabled or offer is None or ctx.customer_id is None:
        return None
    pair = (ctx.shop.id, ctx.customer_id)
    counting = Counting(ctx.settings.active_since, ctx.settings.count_test_orders)
    person = people.read(conn, pair, counting)
    if not person.known:
        return None
    have = stamps.on_card(stamps.total(person.counted, person.purchases), offer.every)
    return Stamps(
        have=have,
        of=offer.every,
        text=_text(ctx.language, offer.every - have, offer.gives),
        label=ctx.language.gettext("%(have)s of %(of)s stamps", have=have, of=offer.every),
        drawn=offer.every <= MOST_DRAWN,
    )


def _text(language: Language, left: int, gives: Campaign) -> str:
    if left == 0:
        return language.gettext("This card is full; the next order begins a new one.")
    value = (
        language.percent(gives.value)
        if gives.kind == "percentage"
        else language.money(gives.value, gives.currency)
    )
    return language.ngettext(
        "%(n)s more order, and the coupon is for %(value)s.",
        "%(n)s more orders, and the coupon is for %(value)s.",
        left,
        value=value,
    )

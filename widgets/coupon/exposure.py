"""What open coupons may still cost, for the merchant: all of it, the part that is likely, and how far the cap is used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from plugin.database import Utc
from plugin.language import Language, sentence
from plugin.settings import ShopSettings
from widgets.coupon import budget, offers, uses
from widgets.coupon.campaigns import Campaign
from widgets.coupon.risk import ENOUGH, Past, at_risk
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import ENDED, EXPIRED, GIVEN, SPENT, coupon_code, coupon_node
from widgets.reports import Fact, Reading, Report, Sheet

YEAR = timedelta(days=365)
"""Coupons given longer ago say nothing of today's customers."""

_TERMS = (coupon_node.c.kind, coupon_node.c.value, coupon_node.c.minimum, coupon_node.c.currency)
_CODES = coupon_code.join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
_OPEN = (
    select(*_TERMS, func.count().label("codes"))
    .select_from(_CODES)
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        coupon_code.c.state == GIVEN,
        coupon_code.c.expires_on >= bindparam("today"),
        ~uses.IS_USED,
    )
    .group_by(*_TERMS)
)
_ENDED = (
    select(coupon_code.c.state, func.count().label("codes"))
    .select_from(_CODES)
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        coupon_code.c.state.in_((SPENT, EXPIRED, ENDED)),
        coupon_code.c.assigned_at >= bindparam("since", type_=Utc),
    )
    .group_by(coupon_code.c.state)
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """``codes`` can be used now, for ``face`` minor units together; ``foreign`` more are in a currency of before."""

    codes: int
    face: int
    foreign: int
    past: Past


def exposure(
    conn: Connection, shop_id: int, shop: ShopSettings, since: datetime | None, now: datetime
) -> Exposure:
    """Return what is open, and what became of those before; ``since``: from then on the shop has its currency.

    A share of an order is worth that of the mean order, as for the cap.
    """
    today = now.astimezone(shop.zone).date()
    rows = conn.execute(_OPEN, {"shop": shop_id, "today": today}).all()
    total, count = budget.mean(conn, shop_id, since, now)
    own = [row for row in rows if row.currency == shop.currency]
    ended = {row.state: row.codes for row in conn.execute(_ENDED, {"shop": shop_id, "since": now - YEAR})}
    return Exposure(
        codes=sum(row.codes for row in own),
        face=sum(row.codes * budget.face(_campaign(row), total, count) for row in own),
        foreign=sum(row.codes for row in rows) - sum(row.codes for row in own),
        past=Past(ended.get(SPENT, 0), sum(ended.values())),
    )


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(row.kind, row.value, row.minimum, row.currency)


def read(conn: Connection, reading: Reading[CouponSettings]) -> Sheet:
    """Return the figures: how many are open, what is at risk, and the month's face value beside its limit."""
    shop, language = reading.shop, reading.language
    since = reading.versions.unchanged_since(reading.shop_id, ShopSettings, "currency")
    found = exposure(conn, reading.shop_id, shop, since, reading.now)
    notes = []
    if found.foreign:
        notes.append(
            language.ngettext(
                "%(n)s more open coupon is in the currency the shop had before, and is not counted here.",
                "%(n)s more open coupons are in the currency the shop had before, and are not counted here.",
                found.foreign,
            )
        )
    return Sheet(
        facts=(
            _all(language, found, shop.currency),
            _likely(language, found, shop.currency),
            _cap(conn, reading),
        ),
        notes=tuple(notes),
    )


def _all(language: Language, found: Exposure, currency: str) -> Fact:
    """How many are open; their whole face value is told here only where a part of it is told beside."""
    note = ""
    if found.codes and found.past.is_enough:
        worth = language.money(found.face, currency)
        note = language.gettext("Worth %(face)s if every one is used.", face=worth)
    return Fact(language.gettext("Given and not used yet"), language.number(found.codes), note)


def _likely(language: Language, found: Exposure, currency: str) -> Fact:
    past, risk = found.past, at_risk(found.face, found.past)
    if risk is None:
        known = language.ngettext(
            "Only %(n)s coupon has passed its date so far.",
            "Only %(n)s coupons have passed their date so far.",
            past.ended,
        )
        if not past.ended:
            known = language.gettext("No coupon has passed its date yet.")
        rule = language.gettext(
            "That is all of it, to be safe; from %(enough)s on, the share that was used counts.",
            enough=language.number(ENOUGH),
        )
        return Fact(
            language.gettext("They take off at most"), language.money(found.face, currency), f"{known} {rule}"
        )
    title = language.gettext("They will probably take off")
    note = language.gettext(
        "Between %(low)s and %(high)s: of the %(ended)s coupons of the last twelve months whose date has passed, %(used)s were used.",
        low=language.money(risk.low, currency),
        high=language.money(risk.high, currency),
        ended=language.number(past.ended),
        used=language.number(past.used),
    )
    return Fact(title, language.money(risk.likely, currency), note)


def _cap(conn: Connection, reading: Reading[CouponSettings]) -> Fact:
    language, cap = reading.language, offers.cap_of(reading.versions, reading.shop_id)
    if not cap.amount:
        note = language.gettext("One can be set among the coupon's settings.")
        return Fact(language.gettext("Limit of a month"), language.gettext("none"), note)
    month = budget.read(conn, reading.shop_id, cap, reading.now)
    note = language.gettext(
        "Of at most %(cap)s: face value, whatever share of it is used. Then no more are given until the next month.",
        cap=language.money(cap.amount, reading.shop.currency),
    )
    issued = language.money(month.issued if month else 0, reading.shop.currency)
    return Fact(language.gettext("Given this month"), issued, note)


AT_RISK = Report(name="open", title=sentence("Open coupons"), read=read)

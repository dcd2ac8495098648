"""What coupons brought and cost, for the merchant: by calendar month of the shop's clock and by campaign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import reduce

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, case, func, literal_column, or_, select

from plugin.core.order_book import order
from plugin.database import Utc
from plugin.language import sentence
from widgets.coupon import offers, uses
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon, coupon_use
from widgets.reports import Cell, Column, Reading, Report, Sheet, money, number, words

MONTHS = 13
"""The month that runs and the twelve before it."""

_BEGINS = [bindparam(f"begin_{place}", type_=Utc) for place in range(MONTHS)]
_PLACE: ColumnElement[int] = case(
    *(
        (order.c.processed_at >= begin, literal_column(str(place), Integer))
        for place, begin in enumerate(_BEGINS)
    )
)
"""How many calendar months before this one an order was placed."""

_LATELY = (order.c.shop_id == bindparam("shop")) & (order.c.processed_at >= _BEGINS[-1])
_GIVEN = (
    select(_PLACE.label("place"), coupon.c.campaign)
    .join(order, order.c.id == coupon.c.order_ref)
    .where(_LATELY, coupon.c.refusal.is_(None), coupon.c.doubt.is_(None), or_(~coupon.c.void, uses.WAS_USED))
    .subquery()
)
_ISSUED = select(*_GIVEN.c, func.count().label("issued")).group_by(*_GIVEN.c)
_SHOWN = (
    select(
        _PLACE.label("place"),
        coupon_use.c.campaign,
        coupon_use.c.currency,
        coupon_use.c.revenue,
        coupon_use.c.discount,
    )
    .join(order, order.c.id == coupon_use.c.order_ref)
    .where(_LATELY)
    .subquery()
)
_OF = (_SHOWN.c.place, _SHOWN.c.campaign, _SHOWN.c.currency)
_USED = select(
    *_OF,
    func.count().label("redeemed"),
    func.sum(_SHOWN.c.revenue).label("revenue"),
    func.sum(_SHOWN.c.discount).label("cost"),
).group_by(*_OF)

_NAMES = {offers.ORDINARY: sentence("Ordinary coupon"), offers.STAMP: sentence("Full stamp card")}
_ABOUT = (
    sentence(
        "A coupon counts as given in the month of the order that brought it, and as used in that of the order that used it."
    ),
    sentence(
        "Revenue is the merchandise of those orders after all discounts, cost what the coupons took off it; both without what was given back."
    ),
    sentence("Given coupons of customers whose data was erased are no longer counted."),
)


@dataclass(frozen=True, slots=True)
class Line:
    """What was given in a month, and what was used in it; money in minor units of one currency."""

    issued: int = 0
    redeemed: int = 0
    revenue: int = 0
    cost: int = 0

    def plus(self, other: "Line") -> "Line":
        """Return both together."""
        return Line(
            self.issued + other.issued,
            self.redeemed + other.redeemed,
            self.revenue + other.revenue,
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands: ``month`` is how many ago, ``foreign`` another currency than the shop's."""

    month: int
    foreign: bool
    currency: str
    campaign: str


def begins(today: date) -> list[date]:
    """Return the first day of this month and of each one before it that the table has, the newest first."""
    last = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last, last - MONTHS, -1)]


def read(conn: Connection, reading: Reading[CouponSettings]) -> Sheet:
    """Return the table; a month in which a campaign neither gave nor was used has no row."""
    language, own = reading.language, reading.shop.currency
    days = begins(reading.now.astimezone(reading.shop.zone).date())
    lines = _lines(conn, reading, days)
    names = _names(reading)
    one = all(not place.foreign for place in lines)
    rows = [
        (
            words(language.month(days[place.month]), f"{days[place.month]:%Y-%m}"),
            words(names.get(place.campaign, place.campaign)),
            *_figures(reading, lines[place], place.currency, one=one),
        )
        for place in sorted(lines)
    ]
    total = reduce(Line.plus, lines.values(), Line())
    sum_of_all = (words(language.gettext("All")), words(""), *_figures(reading, total, own, one=True))
    return Sheet(
        columns=_columns(reading, one=one),
        rows=tuple(rows),
        total=sum_of_all if one and len(rows) > 1 else (),
        notes=tuple(language.gettext(text) for text in _ABOUT) if rows else (),
        empty=language.gettext(
            "Once an order has brought a coupon, each month stands here with what it gave and brought."
        ),
    )


def _lines(conn: Connection, reading: Reading[CouponSettings], days: Iterable[date]) -> Mapping[Place, Line]:
    own, zone = reading.shop.currency, reading.shop.zone
    asked: dict[str, object] = {"shop": reading.shop_id}
    for month, day in enumerate(days):
        asked[f"begin_{month}"] = datetime.combine(day, time(), zone).astimezone(UTC)
    lines: dict[Place, Line] = {}
    for row in conn.execute(_ISSUED, asked):
        lines[Place(row.place, False, own, row.campaign)] = Line(issued=row.issued)
    for row in conn.execute(_USED, asked):
        place = Place(row.place, row.currency != own, row.currency, row.campaign)
        used = Line(0, row.redeemed, int(row.revenue), int(row.cost))
        lines[place] = lines.get(place, Line()).plus(used)
    return lines


def _names(reading: Reading[CouponSettings]) -> dict[str, str]:
    """Return the title of every campaign there ever was, by its name; the newest title counts."""
    found = {name: reading.language.gettext(text) for name, text in _NAMES.items()}
    for version in reading.versions.every(reading.shop_id, CouponSettings):
        found |= {one.id: one.title for one in version.value.campaigns}
    return found


def _columns(reading: Reading[CouponSettings], *, one: bool) -> tuple[Column, ...]:
    gettext, unit = reading.language.gettext, reading.shop.currency if one else ""
    return (
        Column(gettext("Month"), figure=False),
        Column(gettext("Campaign"), figure=False),
        Column(gettext("Given")),
        Column(gettext("Used")),
        Column(gettext("Revenue after discount"), unit=unit),
        Column(gettext("Cost"), unit=unit),
        *(() if one else (Column(gettext("Currency"), figure=False),)),
    )


def _figures(reading: Reading[CouponSettings], line: Line, currency: str, *, one: bool) -> tuple[Cell, ...]:
    """Return a line's cells; where there is more than ``one`` currency, its own is the last."""
    language = reading.language
    return (
        number(language, line.issued),
        number(language, line.redeemed),
        money(language, line.revenue, currency),
        money(language, line.cost, currency),
        *(() if one else (words(currency),)),
    )


MONTHLY = Report(name="months", title=sentence("Month by month"), read=read)

"""Open liability as a merchant reads it: points not yet spent, what they may cost, and when they expire."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import Connection

import widgets
from plugin import nightly
from plugin.admin.desk import Desk, sections_of
from plugin.core.liability import Liability, shares, worth
from plugin.settings import Versions


@dataclass(frozen=True, slots=True)
class Row:
    """One month; the two widths are hundredths of the largest month's."""

    title: str
    available: str
    pending: str
    money: str
    width_available: int
    width_pending: int


@dataclass(frozen=True, slots=True)
class OpenPoints:
    """The whole table; ``money`` is empty while no reward grants a fixed amount, ``debt`` where nobody owes any."""

    at: str
    rows: tuple[Row, ...]
    available: str
    pending: str
    money: str
    rate: str
    debt: str


def open_points(conn: Connection, desk: Desk) -> OpenPoints | None:
    """Return what was open at the newest check, valued by today's rewards; None before the first check."""
    found = nightly.last_check(conn, desk.shop.id)
    if found is None or found.liability is None:
        return None
    return _table(desk, found.liability, found.at, _worth(desk, sections_of(conn, desk.shop.id)))


def _worth(desk: Desk, found: Versions) -> Fraction | None:
    """Return what one point buys at most, in minor units."""
    known = [
        widget.worth(found.current(desk.shop.id, widget.settings).value, desk.settings, desk.now)
        for widget in widgets.ALL.values()
        if widget.worth is not None
    ]
    return max((one for one in known if one is not None), default=None)


def _table(desk: Desk, owed: Liability, at: datetime, of_one: Fraction | None) -> OpenPoints:
    number = desk.language.number
    parts = shares([one.points for one in owed.months], of_one) if of_one is not None else []
    money = [desk.money(part) for part in parts] or [""] * len(owed.months)
    most = max((one.points for one in owed.months), default=0)
    rows = tuple(
        Row(
            title=desk.language.month(one.month) if one.month else desk.language.gettext("Never"),
            available=number(one.available),
            pending=number(one.pending),
            money=amount,
            width_available=100 * one.available // most,
            width_pending=100 * one.points // most - 100 * one.available // most,
        )
        for one, amount in zip(owed.months, money, strict=True)
    )
    return OpenPoints(
        at=desk.moment(at),
        rows=rows,
        available=number(sum(one.available for one in owed.months)),
        pending=number(sum(one.pending for one in owed.months)),
        money=desk.money(worth(owed.points, of_one)) if of_one is not None else "",
        rate="" if of_one is None else _rate(desk, of_one),
        debt=number(owed.debt) if owed.debt else "",
    )


def _rate(desk: Desk, of_one: Fraction) -> str:
    """Return the dearest reward's price in words: so many points for so much."""
    return desk.language.ngettext(
        "%(n)s point for %(money)s",
        "%(n)s points for %(money)s",
        of_one.denominator,
        money=desk.money(of_one.numerator),
    )

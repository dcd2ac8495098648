"""What a shopper sees of rewards: what their points buy, the codes they bought, and when points end."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, bindparam, select

from plugin.core import settlement
from plugin.core.accounts import account
from plugin.core.lots import Remainder
from plugin.core.redemptions import ENDED, EXPIRED, PENDING, READY, REVERSED, redemption
from plugin.database import Utc
from plugin.language import Language
from widgets.base import Context
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.reward_codes import IS_USED

MOST_CODES = 5
"""So many codes that are good no longer are shown; those that can be used are shown all."""

REMEMBERED = timedelta(days=30)
"""How long a code that is good no longer is shown, with the reason."""

SOON = 2
"""So many dates on which points end are told, the soonest first."""

QUICK, SLOW = 2, 15
"""Seconds after which a page looks again for a code that is being made, at first and later on."""

_IMPATIENT = timedelta(minutes=1)
_MINE = (
    select(redemption, IS_USED.label("used"))
    .join(account, account.c.id == redemption.c.account_id)
    .where(account.c.root_id == bindparam("root"), redemption.c.code.is_not(None))
    .order_by(redemption.c.id.desc())
)
_GOOD = (
    redemption.c.state.in_((PENDING, READY)) & ~IS_USED & (redemption.c.ends_at > bindparam("now", type_=Utc))
)
_USABLE = _MINE.where(_GOOD)
_OVER = _MINE.where(~_GOOD, redemption.c.ends_at > bindparam("since", type_=Utc)).limit(MOST_CODES)


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as it is offered now; ``request_id`` names one filling of its form, None where there is no form."""

    id: str
    title: str
    cost: int
    affordable: bool
    cost_text: str
    note: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was bought: pending, ready, used, returned, reversed or expired; ``text`` says what that means."""

    title: str
    state: str
    text: str
    until: date
    code: str | None = None
    value_text: str | None = None
    apply_url: str | None = None
    apply_text: str | None = None
    copy_text: str | None = None
    copied_text: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Points that end together, on a day of the shop's clock."""

    points: int
    on: date
    text: str


def offers(ctx: Context, rewards: Sequence[Reward], available: int) -> tuple[Offer, ...]:
    """Return what is offered today, in the merchant's order."""
    today = ctx.now.astimezone(ctx.settings.zone).date()
    return tuple(_offer(ctx, one, available) for one in rewards if one.is_offered(today))


def bought(conn: Connection, ctx: Context, root: int) -> tuple[tuple[Code, ...], int | None]:
    """Return all codes that can be used, then the last few that were, and in how many seconds to look again.

    The second is None unless a code is being made. Codes that are good no longer are shown for a while.
    """
    usable = conn.execute(_USABLE, {"root": root, "now": ctx.now}).all()
    over = conn.execute(_OVER, {"root": root, "now": ctx.now, "since": ctx.now - REMEMBERED}).all()
    rows = [*usable, *over]
    back = settlement.returns(conn, [row.id for row in rows]) if rows else {}
    found = tuple(_code(ctx, row, settlement.total(back.get(row.id, ()))) for row in rows)
    making = [row.redeemed_at for row in rows if row.state == PENDING]
    pause = None
    if making:
        pause = QUICK if ctx.now - max(making) < _IMPATIENT else SLOW
    return found, pause


def endings(ctx: Context, lots: Sequence[Remainder]) -> tuple[Ending, ...]:
    """Return the next dates on which spendable points end, the soonest first."""
    by_day: dict[date, int] = {}
    for rest in lots:
        if rest.lot.expires_at is not None and rest.lot.available_at <= ctx.now:
            day = rest.lot.expires_at.astimezone(ctx.settings.zone).date()
            by_day[day] = by_day.get(day, 0) + rest.left
    return tuple(
        Ending(points, day, _ends(ctx.language, points, day)) for day, points in sorted(by_day.items())[:SOON]
    )


def _ends(language: Language, points: int, day: date) -> str:
    return language.ngettext(
        "%(n)s point expires on %(date)s.",
        "%(n)s points expire on %(date)s.",
        points,
        date=language.long_date(day),
    )


def _offer(ctx: Context, reward: Reward, available: int) -> Offer:
    language, lacking = ctx.language, reward.cost - available
    notes = []
    if reward.minimum_subtotal:
        minimum = language.money(reward.minimum_subtotal, ctx.settings.currency)
        notes.append(language.gettext("From an order of %(minimum)s.", minimum=minimum))
    if lacking > 0:
        notes.append(language.ngettext("%(n)s point to go.", "%(n)s points to go.", lacking))
    return Offer(
        id=reward.id,
        title=reward.title,
        cost=reward.cost,
        affordable=lacking <= 0,
        cost_text=language.ngettext("%(n)s point", "%(n)s points", reward.cost),
        note=" ".join(notes) or None,
        request_id=secrets.token_urlsafe(12) if ctx.has_forms and lacking <= 0 else None,
    )


def _code(ctx: Context, row: Row[Any], back: int) -> Code:
    state, text = _says(ctx, row, back)
    if state != "ready":
        return Code(row.title, state, text, row.expires_on, value_text=_value(ctx.language, row))
    path, language = f"/discount/{quote(row.code, safe='')}?redirect=/", ctx.language
    return Code(
        title=row.title,
        state=state,
        text=text,
        until=row.expires_on,
        code=row.code,
        value_text=_value(language, row),
        apply_url=path if ctx.prefix else f"https://{ctx.shop.host}{path}",
        apply_text=language.gettext("Use it now") if ctx.prefix else language.gettext("Use it in the shop"),
        copy_text=language.gettext("Copy"),
        copied_text=language.gettext("Copied"),
    )


def _says(ctx: Context, row: Row[Any], back: int) -> tuple[str, str]:
    language = ctx.language
    if row.used and back >= row.cost:
        return "returned", language.gettext("The order was undone: your points are back.")
    if row.used and back:
        return "used", language.ngettext(
            "Used. %(n)s point came back with the refund.",
            "Used. %(n)s points came back with the refund.",
            back,
        )
    if row.used:
        return "used", language.gettext("Used. Thank you for coming back.")
    if row.state == PENDING:
        return "pending", language.gettext("We are making your code. This takes a moment.")
    if row.state == REVERSED:
        return "reversed", language.gettext("The code could not be made: your points are back.")
    if row.state == ENDED:
        return "expired", language.gettext("It was not used in time: your points are back.")
    if row.state == EXPIRED or row.ends_at <= ctx.now:
        return "expired", language.gettext("It was not used in time: your points come back shortly.")
    return "ready", _validity(language, row)


def _validity(language: Language, row: Row[Any]) -> str:
    day = language.long_date(row.expires_on)
    if not row.minimum:
        return language.gettext("Yours alone, for one order until %(date)s.", date=day)
    minimum = language.money(row.minimum, row.currency)
    return language.gettext(
        "Yours alone, for one order from %(minimum)s until %(date)s.", minimum=minimum, date=day
    )


def _value(language: Language, row: Row[Any]) -> str | None:
    if row.kind == "amount":
        return language.money(int(row.value), row.currency)
    return language.percent(int(row.value)) if row.kind == "percentage" else None

"""What a shopper sees of their points: this order's for whoever holds its proof, the account for its customer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from plugin.core import standing
from plugin.core.ledger import earning
from plugin.core.standing import EntryRead, Standing
from plugin.language import Language
from widgets.base import Context
from widgets.loyalty import links, offers
from widgets.loyalty.levels import TierView, tier_of
from widgets.loyalty.offers import Code, Ending, Offer
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import Tier
from widgets.loyalty.wording import breakdown_text, entry_text

_EARNED = select(
    earning.c.points, earning.c.kept, earning.c.available_at, earning.c.breakdown, earning.c.waits
).where(earning.c.order_ref == bindparam("ref"))


@dataclass(frozen=True, slots=True)
class Earned:
    """Points of one order: its target today, and the local date on which they can be spent.

    ``breakdown`` is how they came about; ``note`` says that a bonus may follow.
    """

    earned: int
    available_on: date
    breakdown: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    kind: str
    points: int
    on: date
    text: str


@dataclass(frozen=True, slots=True)
class LoyaltyView:
    """The figures are None unless the signed-in customer asks about themselves."""

    text: str
    title: str
    order: Earned | None = None
    tier: TierView | None = None
    available: int | None = None
    pending: int | None = None
    debt: int | None = None
    lifetime: int | None = None
    action_token: str | None = None
    rewards: tuple[Offer, ...] = ()
    rewards_title: str | None = None
    redeem_text: str | None = None
    redeem_url: str | None = None
    """Where rewards are redeemed, on pages that have no form for it."""
    codes: tuple[Code, ...] = ()
    look_again: int | None = None
    """Seconds after which a page looks again, while a code is being made."""
    endings: tuple[Ending, ...] = ()
    entries: tuple[Line, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    """Label and number as they are shown, the spendable points first."""
    guest_text: str | None = None
    """How a guest gets at the points of their order; ``account_url`` is where, ``account_text`` the link's label."""
    account_url: str | None = None
    account_text: str | None = None
    statement_url: str | None = None
    """The page of all entries, with its link's label."""
    statement_text: str | None = None


def view(conn: Connection, ctx: Context, settings: LoyaltySettings) -> LoyaltyView | None:
    """Return the points to show; None for a shop that gives none and a customer who has none."""
    zone = ctx.settings.zone
    order = _earned(conn, ctx.order.ref, zone, ctx.language) if ctx.order else None
    mine = None
    if ctx.customer_id is not None:
        mine = standing.standing(conn, ctx.shop.id, ctx.customer_id, ctx.now)
    if not settings.enabled and mine is None and (order is None or order.earned == 0):
        return None
    text, title = _text(ctx, order, mine), ctx.language.gettext("Your points")
    tier = tier_of(conn, ctx, settings, mine.root if mine else None) if ctx.customer_id else None
    if mine is None:
        guest = links.guest_text(ctx, order.earned if order else 0)
        return LoyaltyView(
            text=text,
            title=title,
            order=order,
            tier=tier,
            guest_text=guest,
            account_url=links.account_url(ctx) if guest else None,
            account_text=ctx.language.gettext("Sign in") if guest else None,
        )
    own = LoyaltyView(
        text=text,
        title=title,
        order=order,
        tier=tier,
        available=mine.available,
        pending=mine.pending,
        debt=mine.debt,
        lifetime=mine.lifetime,
        action_token=ctx.action_token,
        entries=_entries(conn, ctx, settings.tiers),
        figures=figures_of(ctx.language, mine, zone),
        statement_url=links.statement_url(ctx),
        statement_text=ctx.language.gettext("All entries"),
        endings=offers.endings(ctx, mine.lots),
    )
    if mine.redeemed:
        codes, look_again = offers.bought(conn, ctx, mine.root)
        own = replace(own, codes=codes, look_again=look_again)
    return _with_rewards(own, ctx, offers.offers(ctx, settings.rewards, mine.available))


def _with_rewards(own: LoyaltyView, ctx: Context, found: tuple[Offer, ...]) -> LoyaltyView:
    if not found:
        return own
    here = ctx.has_forms
    return replace(
        own,
        rewards=found,
        rewards_title=ctx.language.gettext("What your points buy"),
        redeem_text=ctx.language.gettext("Redeem") if here else ctx.language.gettext("Redeem in the shop"),
        redeem_url=None if here else f"https://{ctx.shop.host}/",
    )


def _earned(conn: Connection, ref: int, zone: ZoneInfo, language: Language) -> Earned | None:
    row = conn.execute(_EARNED, {"ref": ref}).one_or_none()
    if row is None:
        return None
    return Earned(
        earned=row.points,
        available_on=row.available_at.astimezone(zone).date(),
        breakdown=breakdown_text(language, row.points, row.breakdown)
        if row.points and row.breakdown
        else None,
        note=language.gettext("A bonus may still be added to it.") if row.waits and row.kept else None,
    )


def _entries(conn: Connection, ctx: Context, tiers: Sequence[Tier]) -> tuple[Line, ...]:
    if ctx.customer_id is None:
        return ()
    found = standing.entries(conn, ctx.shop.id, ctx.customer_id)
    return tuple(line_of(entry, ctx, tiers) for entry in found)


def line_of(entry: EntryRead, ctx: Context, tiers: Sequence[Tier]) -> Line:
    """Return an entry in words, on the day of the shop's clock."""
    on = entry.at.astimezone(ctx.settings.zone).date()
    text = entry_text(ctx.language, entry, tiers)
    if entry.reason:
        text = f"{text}: {entry.reason}"
    return Line(entry.kind, entry.points, on, text)


def figures_of(language: Language, mine: Standing, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Return labels and numbers of what can be spent, is on its way and has to be made up for."""
    found = [(language.gettext("to spend"), language.number(mine.available))]
    if mine.pending:
        found.append((_coming(language, mine, zone), f"+{language.number(mine.pending)}"))
    if mine.debt:
        found.append((language.gettext("to be made up for"), language.number(mine.debt)))
    return tuple(found)


def _coming(language: Language, mine: Standing, zone: ZoneInfo) -> str:
    if mine.first_at is None or mine.last_at is None:
        return language.gettext("on their way")
    first, last = (at.astimezone(zone).date() for at in (mine.first_at, mine.last_at))
    day = language.day(first)
    if first == last:
        return language.gettext("on their way, from %(date)s", date=day)
    return language.gettext("on their way, the first from %(date)s", date=day)


def _text(ctx: Context, order: Earned | None, mine: Standing | None) -> str:
    language = ctx.language
    if order is not None and order.earned > 0:
        earned = language.ngettext(
            "This order brings you %(n)s point.", "This order brings you %(n)s points.", order.earned
        )
        return f"{earned} {_when(order, ctx.now, ctx.settings.zone, language)}"
    if order is not None:
        return language.gettext("This order brings no points.")
    if ctx.customer_id is None:
        return language.gettext("Sign in to see your points.")
    if mine is None:
        return language.gettext("Your first order brings your first points.")
    return language.ngettext(
        "You have %(n)s point to spend.", "You have %(n)s points to spend.", mine.available
    )


def _when(order: Earned, now: datetime, zone: ZoneInfo, language: Language) -> str:
    if order.available_on <= now.astimezone(zone).date():
        return language.ngettext("You can spend it now.", "You can spend them now.", order.earned)
    day = language.day(order.available_on)
    return language.ngettext(
        "You can spend it from %(date)s.", "You can spend them from %(date)s.", order.earned, date=day
    )

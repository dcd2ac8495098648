"""The tier a customer holds now, and what is missing to the next one, said without hurry."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, bindparam, case, func, select

from plugin.core.accounts import account
from plugin.core.campaigns import ONCE
from plugin.core.earned import earning
from plugin.core.ladder import Basis, Ladder, Tier
from plugin.core.order_book import order
from plugin.core.tiers import window
from plugin.database import Utc
from plugin.language import Language
from widgets.base import Context
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import ladder_of

_IN_THIS_CURRENCY = earning.c.breakdown.startswith(bindparam("begins"))
_WORTH = {
    Basis.POINTS: earning.c.base,
    Basis.SPEND: case((_IN_THIS_CURRENCY, earning.c.kept), else_=0),
    Basis.ORDERS: case((earning.c.kept > 0, 1), else_=0),
}
_VALUES = {
    basis: select(func.coalesce(func.sum(worth), 0))
    .join(account, account.c.id == earning.c.account_id)
    .join(order, order.c.id == earning.c.order_ref)
    .where(
        account.c.root_id == bindparam("root"),
        order.c.processed_at >= bindparam("start", type_=Utc),
        order.c.processed_at < bindparam("now", type_=Utc),
    )
    for basis, worth in _WORTH.items()
}


@dataclass(frozen=True, slots=True)
class NextTier:
    """The tier above, and what is missing to it."""

    title: str
    missing_text: str


@dataclass(frozen=True, slots=True)
class TierView:
    """The tier held now, ``id`` and ``title`` None below the first; ``multiplier_text`` where it brings more points."""

    id: str | None
    title: str | None
    multiplier_text: str | None
    next: NextTier | None


def tier_of(conn: Connection, ctx: Context, settings: LoyaltySettings, root: int | None) -> TierView | None:
    """Return where the customer with this root account stands; None in a shop without tiers."""
    if not settings.enabled or not settings.tiers:
        return None
    ladder = ladder_of(settings.tiers, settings.tier_basis, settings.tier_months)
    value = _value(conn, ctx, ladder, root, ctx.now) if root else 0
    tier, above = ladder.tier(value), ladder.above(value)
    return TierView(
        id=tier.id if tier else None,
        title=tier.title if tier else None,
        multiplier_text=_multiplier(ctx.language, tier) if tier else None,
        next=NextTier(above.title, _missing(ctx, ladder.basis, above, value)) if above else None,
    )


def _value(conn: Connection, ctx: Context, ladder: Ladder, root: int, now: datetime) -> int:
    start = window(now, ladder.months, ctx.settings.time_zone)
    values = {"root": root, "start": start, "now": now}
    if ladder.basis == Basis.SPEND:
        values["begins"] = f'["{ctx.settings.currency}",'
    return int(conn.execute(_VALUES[ladder.basis], values).scalar_one())


def _multiplier(language: Language, tier: Tier) -> str | None:
    if tier.multiplier == ONCE:
        return None
    factor = language.number(Decimal(tier.multiplier) / ONCE)
    return language.gettext("%(factor)s times the points on every order", factor=factor)


def _missing(ctx: Context, basis: Basis, tier: Tier, value: int) -> str:
    language, missing = ctx.language, tier.threshold - value
    if basis == Basis.SPEND:
        amount = language.money(missing, ctx.settings.currency)
        return language.gettext("%(amount)s more to %(tier)s", amount=amount, tier=tier.title)
    if basis == Basis.ORDERS:
        return language.ngettext(
            "%(n)s more order to %(tier)s", "%(n)s more orders to %(tier)s", missing, tier=tier.title
        )
    return language.ngettext(
        "%(n)s more point to %(tier)s", "%(n)s more points to %(tier)s", missing, tier=tier.title
    )

"""The page about the plan: what the shop has, how its orders were counted, what the next step costs, and how to end it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.admin.plan_invoices import InvoiceView, in_words, invoiced
from plugin.admin.plan_prices import net
from plugin.admin.plan_words import Notice, counted_as, notices, state_of
from plugin.billing import looking, standing, usage
from plugin.billing.plans import CURRENCIES, PLANS, Plan, currency_for
from plugin.billing.standing import Standing
from plugin.billing.subscriptions import State

PATH = "/admin/plan"


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the plot; ``height`` and the limit's line are of 100."""

    letter: str
    title: str
    kept: str
    left_out: str
    height: float
    now: bool


@dataclass(frozen=True, slots=True)
class UsageView:
    """This month's count and how it came about, and the months before; without ``bars`` where nothing was kept yet."""

    covered: str
    parts: tuple[tuple[str, str], ...]
    total: str
    bars: tuple[Bar, ...]
    line: float | None
    caption: str
    label: str


@dataclass(frozen=True, slots=True)
class OfferView:
    """A plan to choose from; ``action`` is empty for the present one and where nothing can be chosen here."""

    handle: str
    name: str
    price: str
    covers: str
    present: bool
    action: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """The whole page; ``ending`` says what a cancellation would do, and is empty where there is nothing to cancel."""

    name: str
    price: str
    tone: str
    state: str
    needed: bool
    notices: tuple[Notice, ...]
    usage: UsageView | None
    offers: tuple[OfferView, ...] = ()
    closed: str = ""
    next_step: str = ""
    ending: str = ""
    can_resume: bool = False
    invoices: tuple[InvoiceView, ...] = ()
    manages: bool = False
    cancels: bool = False
    said: str = ""


async def page(request: Request[Any]) -> Response:
    """GET /admin/plan: ask the vendor first, so that whoever comes back from its page sees what is true now."""
    desk = desk_of(request)
    return answer(request, desk, "plan", await plan_view(desk, asks=True))


async def plan_view(desk: Desk, *, asks: bool = False, said: str = "") -> PlanView:
    """Return the page; a vendor that cannot be asked takes nothing from it but its own lists."""
    billing, gettext = desk.runtime.billing, desk.language.gettext
    how = looking.WELCOME if looking.HINT in desk.query else looking.PAGE
    fresh, invoices = await asyncio.gather(_look(desk, how, asks=asks), invoiced(desk))
    found = await desk.runtime.db.snapshot(lambda conn: _read(conn, desk))
    await desk.runtime.db.write(lambda conn: _keep(conn, desk))
    tone, state = state_of(desk, found)
    plan = found.held.plan
    return PlanView(
        name=gettext(plan.name) if plan else found.held.handle or gettext("Everything"),
        price=_price(desk, found),
        tone=tone,
        state=state,
        needed=billing.can.needed,
        notices=tuple(notices(desk, found, silent=not fresh or invoices is None)),
        usage=_usage(desk, found) if found.months else None,
        offers=tuple(_offers(desk, found)),
        closed=_closed(desk, found),
        next_step=_next_step(desk, found),
        ending=_ending(desk, found),
        can_resume=billing.can.resumes and _ends_later(desk, found),
        invoices=tuple(in_words(desk, one) for one in invoices or ()),
        manages=_manages(desk, found),
        cancels=billing.can.cancels,
        said=said,
    )


async def _look(desk: Desk, how: looking.Look, *, asks: bool) -> bool:
    if not asks:
        return True
    return await looking.look(desk.runtime.billing, desk.runtime.db, desk.shop, desk.now, how)


def back(desk: Desk) -> str:
    """Return this page's address in the Shopify admin, for whoever comes back from a vendor."""
    config = desk.runtime.config
    return f"{config.admin_origin}/store/{desk.shop.handle}/apps/{config.api_key}{PATH}"


def _read(conn: Connection, desk: Desk) -> Standing:
    needed = desk.runtime.billing.can.needed
    return standing.read(conn, desk.shop, desk.now, needed=needed, most=usage.SHOWN)


def _keep(conn: Connection, desk: Desk) -> None:
    billing = desk.runtime.billing
    if billing.can.needed:
        standing.keep(conn, desk.shop, desk.now, billing.kind)


def _manages(desk: Desk, found: Standing) -> bool:
    """Tell whether the vendor has a page for this shop: it pays for something, or has."""
    known = found.living or bool(found.row and found.row.payer_id)
    return desk.runtime.billing.can.manages and known


def currency_of(desk: Desk, found: Standing) -> str:
    """Return the currency in which the shop's plan is, or would be, paid."""
    known = found.row.currency if found.row else None
    return known if known in CURRENCIES else currency_for(desk.settings.currency)


def _price(desk: Desk, found: Standing) -> str:
    row, plan = found.row, found.held.plan
    if not found.living or (row and row.plan) != found.held.handle:
        return ""
    amount = row.amount if row else None
    if amount is None and plan is not None:
        amount = plan.price(currency_of(desk, found))
    if amount is None:
        return ""
    money = net(desk, amount, (row and row.currency) or currency_of(desk, found))
    return desk.language.gettext("%(amount)s a month", amount=money)


def _usage(desk: Desk, found: Standing) -> UsageView:
    language, limit = desk.language, found.held.limit
    gettext, number = language.gettext, language.number
    this = found.months[-1]
    top = max([one.kept for one in found.months] + [limit or 0, 1])
    bars = tuple(
        Bar(
            language.month(one.first)[0],
            language.month(one.first),
            number(one.kept),
            number(one.all - one.kept),
            round(100 * one.kept / top, 1),
            one is this,
        )
        for one in found.months
    )
    most = number(limit or 0)
    return UsageView(
        covered=gettext("without a limit")
        if limit is None
        else gettext("of %(limit)s that your plan covers", limit=most),
        parts=tuple((gettext(text), number(this.fates.get(fate, 0))) for fate, text in counted_as()),
        total=number(this.all),
        bars=bars if any(one.kept for one in found.months) else (),
        line=None if limit is None else round(100 * limit / top, 1),
        caption=gettext("Dashed: the %(limit)s a month that your plan covers.", limit=most) if limit else "",
        label=gettext("Kept orders of the last twelve months; the table below has the figures."),
    )


def _offers(desk: Desk, found: Standing) -> list[OfferView]:
    billing, language = desk.runtime.billing, desk.language
    if not billing.can.needed or desk.shop.development:
        return []
    currency = currency_of(desk, found)
    return [
        OfferView(
            plan.handle,
            language.gettext(plan.name),
            language.gettext("%(amount)s a month", amount=net(desk, plan.price(currency), currency))
            if not plan.free
            else language.gettext("costs nothing"),
            _covers(desk, plan, found),
            present=plan is found.held.plan,
            action=_action(desk, found, plan),
        )
        for plan in PLANS
    ]


def _covers(desk: Desk, plan: Plan, found: Standing | None = None) -> str:
    if plan.orders is None:
        return desk.language.gettext("any number of orders")
    covered = desk.language.ngettext(
        "up to %(n)s kept order a month", "up to %(n)s kept orders a month", plan.orders
    )
    if found is None or found.verdict.orders <= plan.orders:
        return covered
    orders = desk.language.number(found.verdict.orders)
    return desk.language.gettext("%(covered)s, fewer than your %(orders)s", covered=covered, orders=orders)


def _action(desk: Desk, found: Standing, plan: Plan) -> str:
    can = desk.runtime.billing.can
    if plan is found.held.plan or plan.free or _closed(desk, found):
        return ""
    if found.living and not can.changes and not can.begins:
        return ""
    return desk.language.gettext("Choose this plan")


def _closed(desk: Desk, found: Standing) -> str:
    """Why no other plan can be chosen at the moment; empty where one can."""
    row, gettext = found.row, desk.language.gettext
    if row is None or not found.living or not desk.runtime.billing.can.changes:
        return ""
    if _ends_later(desk, found):
        return gettext("Another plan can be chosen once you keep this one, or once it has ended.")
    if row.state is State.PAST_DUE:
        return gettext("Another plan can be chosen once the open payment is made.")
    return ""


def _next_step(desk: Desk, found: Standing) -> str:
    larger, currency = found.larger, currency_of(desk, found)
    if larger is None or desk.shop.development:
        return ""
    return desk.language.gettext(
        "The next step is “%(plan)s” for %(amount)s a month: %(covers)s.",
        plan=desk.language.gettext(larger.name),
        amount=net(desk, larger.price(currency), currency),
        covers=_covers(desk, larger),
    )


def _ends_later(desk: Desk, found: Standing) -> bool:
    ends = found.row.cancel_at if found.row else None
    return ends is not None and ends > desk.now


def _ending(desk: Desk, found: Standing) -> str:
    row, can = found.row, desk.runtime.billing.can
    if row is None or not can.cancels or not found.living or _ends_later(desk, found):
        return ""
    gettext, free = desk.language.gettext, PLANS[0]
    afterwards = gettext(
        "Afterwards you have the free plan, %(covers)s. Points, coupons and everything that runs go on.",
        covers=_covers(desk, free),
    )
    if row.state is State.PAST_DUE:
        open_one = gettext("Your plan is not renewed; the invoice that is open stays open until it is paid.")
        return f"{open_one} {afterwards}"
    if row.period_end is None:
        return " ".join((gettext("Your plan is not renewed."), afterwards))
    day = desk.day(row.period_end)
    until = gettext("Your plan stays yours until %(day)s, which is paid, and is not renewed.", day=day)
    return f"{until} {afterwards}"

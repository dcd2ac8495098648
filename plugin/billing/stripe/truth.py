"""What Stripe's objects say, read into the program's own words. Pure: no event, no order of arrival, only what is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stripe import Invoice as StripeInvoice
from stripe import Subscription, SubscriptionItem
from stripe.params import SubscriptionUpdateParams

from plugin.billing.plans import CURRENCIES, FREE, Plan, plan_of
from plugin.billing.protocol import Invoice
from plugin.billing.subscriptions import State, Told

KIND = "stripe"
SHOP = "dankbar_shop"
"""The key of our metadata that names the shop; it stands on customers, sessions and subscriptions."""

PLAN = "dankbar_plan"
"""The key that names the plan; it stands on prices."""

_LIVE = {"trialing", "active", "past_due", "unpaid", "paused"}
_OWING = {"past_due", "unpaid", "paused"}
_STATES = {"draft": "", "open": "open", "uncollectible": "open", "paid": "paid", "void": "void"}


@dataclass(frozen=True, slots=True)
class Found:
    """The subscription that counts, and those that a second tab began beside it."""

    one: Subscription | None
    surplus: tuple[Subscription, ...] = ()


def is_live(sub: Subscription) -> bool:
    """Tell whether it is paid for, or could be again."""
    return sub.status in _LIVE


def owes(sub: Subscription) -> bool:
    """Tell whether a payment of it is missing."""
    return sub.status in _OWING


def choose(subscriptions: Sequence[Subscription]) -> Found:
    """Return the oldest living subscription, the younger ones that our checkout began, else the newest that ended."""
    by_age = sorted(subscriptions, key=lambda sub: (sub.created, sub.id))
    live = [sub for sub in by_age if is_live(sub)]
    if live:
        first, *others = live
        return Found(first, tuple(sub for sub in others if SHOP in sub.metadata))
    ended = [sub for sub in by_age if sub.status == "canceled"]
    return Found(max(ended, key=lambda sub: sub.ended_at or 0, default=None))


def told(sub: Subscription | None, payer: str | None, owing_since: datetime | None, now: datetime) -> Told:
    """Return what is to be written down of it."""
    if sub is None:
        return Told(kind=KIND, state=State.NONE, checked_at=now, payer_id=payer)
    item = item_of(sub)
    state, ends = _state(sub)
    return Told(
        kind=KIND,
        state=state,
        checked_at=now,
        plan=handle_of(sub),
        outside_id=sub.id,
        payer_id=payer,
        currency=item.price.currency.upper(),
        amount=_monthly(item),
        period_start=instant(item.current_period_start),
        period_end=instant(item.current_period_end),
        trial_end=instant(sub.trial_end) if sub.trial_end else None,
        cancel_at=ends,
        test=not sub.livemode,
        past_due_since=owing_since if state is State.PAST_DUE else None,
    )


def _state(sub: Subscription) -> tuple[State, datetime | None]:
    ends = instant(sub.cancel_at) if sub.cancel_at else None
    if sub.status == "canceled":
        return State.CANCELLED, instant(sub.ended_at or sub.created)
    if owes(sub):
        return State.PAST_DUE, ends
    if ends or sub.cancel_at_period_end:
        return State.CANCELLED, ends or instant(item_of(sub).current_period_end)
    return (State.TRIALING if sub.status == "trialing" else State.ACTIVE), None


def ending(sub: Subscription, *, wanted: bool) -> SubscriptionUpdateParams | None:
    """Return what has to be written so that it ends with what is paid, or goes on; None where it is so already.

    In Stripe's flexible mode an end is a day alone, as the customer's page at Stripe sets it.
    """
    if wanted:
        ends = sub.cancel_at_period_end or (sub.cancel_at or 0) > 0
        soon = sub.cancel_at is None or sub.cancel_at <= item_of(sub).current_period_end
        return None if ends and soon else {"cancel_at_period_end": True}
    if sub.cancel_at_period_end:
        return {"cancel_at_period_end": False}
    return {"cancel_at": ""} if sub.cancel_at else None


def item_of(sub: Subscription) -> SubscriptionItem:
    """Return the item that is the plan; an operator may have added others beside it."""
    items: Sequence[SubscriptionItem] = sub["items"]["data"]
    return next((item for item in items if PLAN in item.price.metadata), items[0])


def handle_of(sub: Subscription) -> str:
    """Return the plan's handle; a price that is not ours goes by its nickname or its id, and is kept as it is."""
    price = item_of(sub).price
    named = price.nickname if price.nickname and plan_of(price.nickname) is None else price.id
    return str(price.metadata.to_dict().get(PLAN, named))[:60]


def is_sold_monthly(sub: Subscription) -> bool:
    """Tell whether it is paid as the plans are: by the month, in one of their currencies."""
    price = item_of(sub).price
    cycle = price.recurring
    by_month = cycle is not None and (cycle.interval, cycle.interval_count) == ("month", 1)
    return by_month and price.currency.upper() in CURRENCIES


def _monthly(item: SubscriptionItem) -> int:
    """Return what the price comes to a month, in minor units, rounded down."""
    paid, cycle = (item.price.unit_amount or 0) * (item.quantity or 1), item.price.recurring
    if cycle is None:
        return paid
    periods = {"day": 365, "week": 52, "month": 12, "year": 1}[cycle.interval]
    return paid * periods // (12 * cycle.interval_count)


def name_of(what: object) -> str:
    """Return the id of an object that Stripe may tell in full or by its id alone; empty for none."""
    return what if isinstance(what, str) else str(getattr(what, "id", ""))


def invoice(bill: StripeInvoice) -> Invoice | None:
    """Return an invoice as the page shows it; None for a draft."""
    state = _STATES.get(bill.status or "draft", "open")
    if not state or not bill.number:
        return None
    if state == "paid" and 0 < bill.amount_paid <= bill.post_payment_credit_notes_amount:
        state = "refunded"
    return Invoice(
        number=bill.number,
        at=instant(bill.created),
        amount=bill.total,
        currency=bill.currency.upper(),
        state=state,
        page=bill.hosted_invoice_url,
        file=bill.invoice_pdf,
    )


def lookup_key(plan: Plan, currency: str) -> str:
    """Return the name of a plan's price; another amount is another price, so that nobody's price changes silently."""
    return f"dankbar_{plan.handle}_{currency.lower()}_{plan.price(currency)}"


def is_free(plan: Plan) -> bool:
    """Tell whether there is nothing to subscribe to."""
    return plan.free or plan == FREE


def instant(stamp: int) -> datetime:
    """Return a moment that Stripe counts in seconds."""
    return datetime.fromtimestamp(stamp, UTC)

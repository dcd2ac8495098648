"""What becomes of a subscription: begun, renewed, changed with proration, cancelled, unpaid, recovered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox.stripe import papers, shapes
from sandbox.stripe.account import DAY, Account, Body
from sandbox.stripe.errors import StripeRefusal, declined
from sandbox.stripe.sessions import event

RETRIES = (3, 5, 7)
"""Days from one attempt at an open invoice to the next; after the last the account's setting decides."""

LIVE = frozenset({"active", "trialing", "past_due", "unpaid"})


def tell(account: Account, kind: str, about: Body, key: str | None = None) -> None:
    """Keep an event and send it on its way."""
    account.told(account.put(event(account, kind, about, key)))


def begin(account: Account, session: Body, price: Body, metadata: Body, at: int) -> Body:
    """Begin what a checkout session sells and take the first month's money. Raises StripeRefusal when declined."""
    customer_id = session["customer"]
    if not account.cards[customer_id].pays:
        raise declined()
    sub = shapes.subscription(account, customer_id, metadata, price, at, next_month(at))
    sub["automatic_tax"]["enabled"] = session["automatic_tax"]["enabled"]
    account.put(sub)
    account.get("customer", customer_id)["currency"] = price["currency"]
    tell(account, "customer.subscription.created", sub)
    bill = send(account, sub, [_month(account, sub, price, at)], "subscription_create", at)
    pay(account, bill, at)
    session.update(
        status="complete",
        payment_status="paid",
        subscription=sub["id"],
        invoice=bill["id"],
        url=None,
    )
    tell(account, "checkout.session.completed", session)
    return sub


def send(account: Account, sub: Body, lines: Sequence[Body], reason: str, at: int) -> Body:
    """Finalise an invoice over these lines."""
    bill = account.put(papers.invoice(account, sub, lines, reason, at))
    who = account.get("customer", sub["customer"])
    who["balance"] = bill["ending_balance"]
    who["next_invoice_sequence"] += 1
    sub["latest_invoice"] = bill["id"]
    for kind in ("invoice.created", "invoice.finalized"):
        tell(account, kind, bill)
    return bill


def pay(account: Account, bill: Body, at: int) -> bool:
    """Try to collect an open invoice; its subscription follows. Returns whether it is paid."""
    sub = account.get("subscription", bill["parent"]["subscription_details"]["subscription"])
    bill["attempted"] = True
    bill["attempt_count"] += 1
    if bill["amount_due"] and not account.cards[bill["customer"]].pays:
        _failed(account, sub, bill, at)
        return False
    if bill["amount_due"]:
        paid = account.put(papers.payment(account, bill, at))
        bill["payments"]["data"] = [paid]
    bill.update(status="paid", amount_paid=bill["amount_due"], amount_remaining=0, next_payment_attempt=None)
    bill["status_transitions"]["paid_at"] = at
    for kind in ("invoice.paid", "invoice.payment_succeeded"):
        tell(account, kind, bill)
    if sub["status"] in {"past_due", "unpaid"} and not any(open_invoices(account, sub)):
        sub["status"] = "active"
        tell(account, "customer.subscription.updated", sub)
    return True


def open_invoices(account: Account, sub: Body) -> list[Body]:
    """Return what a subscription owes, oldest first."""
    return [
        bill
        for bill in account.all("invoice", status="open")
        if bill["parent"]["subscription_details"]["subscription"] == sub["id"]
    ][::-1]


def _failed(account: Account, sub: Body, bill: Body, at: int) -> None:
    tries = bill["attempt_count"]
    bill["next_payment_attempt"] = at + RETRIES[tries - 1] * DAY if tries <= len(RETRIES) else None
    tell(account, "invoice.payment_failed", bill)
    if bill["next_payment_attempt"] is not None:
        sub["status"] = "past_due" if sub["status"] == "active" else sub["status"]
    elif account.after_retries == "cancel":
        end(account, sub, at, "payment_failed")
        return
    else:
        sub["status"] = "unpaid"
    tell(account, "customer.subscription.updated", sub)


def renew(account: Account, sub: Body, at: int) -> None:
    """Begin the next month, or end where that was asked for."""
    item = sub["items"]["data"][0]
    if sub["cancel_at_period_end"] or (sub["cancel_at"] and sub["cancel_at"] <= at):
        end(account, sub, at, "cancellation_requested")
        return
    item.update(current_period_start=at, current_period_end=next_month(at))
    tell(account, "customer.subscription.updated", sub)
    bill = send(account, sub, [_month(account, sub, item["price"], at)], "subscription_cycle", at)
    if sub["status"] == "unpaid":
        bill["status"] = "draft"
    else:
        pay(account, bill, at)


def end(account: Account, sub: Body, at: int, reason: str) -> None:
    """End a subscription now; what it still owes is not collected any more."""
    sub.update(status="canceled", ended_at=at, canceled_at=sub["canceled_at"] or at)
    sub["cancellation_details"]["reason"] = reason
    for bill in open_invoices(account, sub):
        bill.update(auto_advance=False, next_payment_attempt=None)
    tell(account, "customer.subscription.deleted", sub)


def prorated(account: Account, sub: Body, price: Body, at: int) -> list[Body]:
    """Return what is given back of the old price and charged of the new one for the rest of the month."""
    item = sub["items"]["data"][0]
    start, stop, old = item["current_period_start"], item["current_period_end"], item["price"]
    left = max(0, stop - at)

    def share(amount: int) -> int:
        return int((amount * left * 2 + (stop - start)) // (2 * (stop - start)))

    texts = (f"Unused time on {_name(account, old)}", f"Remaining time on {_name(account, price)}")
    amounts = (-share(old["unit_amount"]), share(price["unit_amount"]))
    return [
        shapes.line(account, one, amount, text, at, stop, of=sub, proration=True)
        for one, amount, text in zip((old, price), amounts, texts, strict=True)
    ]


def change(account: Account, sub: Body, price: Body, at: int, behaviour: str, *, strict: bool) -> None:
    """Move to another price. ``strict``: refuse with the card's error and change nothing when it cannot be paid."""
    item = sub["items"]["data"][0]
    if item["price"]["id"] == price["id"]:
        return
    lines = [] if behaviour == "none" else prorated(account, sub, price, at)
    due = sum(one["amount"] for one in lines)
    if strict and due > 0 and not account.cards[sub["customer"]].pays:
        raise declined()
    item.update(price=price, plan=shapes.plan_of(price))
    tell(account, "customer.subscription.updated", sub)
    if lines:
        pay(account, send(account, sub, lines, "subscription_update", at), at)


def cancel_later(account: Account, sub: Body, *, wanted: bool) -> None:
    """End with the month that is paid, or take that back."""
    if sub["status"] not in LIVE:
        raise StripeRefusal("A canceled subscription can only update its cancellation_details and metadata.")
    stop = sub["items"]["data"][0]["current_period_end"]
    sub.update(
        cancel_at_period_end=wanted,
        cancel_at=stop if wanted else None,
        canceled_at=account.now() if wanted else None,
    )
    sub["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None
    tell(account, "customer.subscription.updated", sub)


def end_on(account: Account, sub: Body, at: int | None) -> None:
    """End on a day, or take that back: how a flexible subscription is cancelled on the customer's page."""
    if sub["status"] not in LIVE:
        raise StripeRefusal("A canceled subscription can only update its cancellation_details and metadata.")
    sub.update(cancel_at_period_end=False, cancel_at=at, canceled_at=account.now() if at else None)
    sub["cancellation_details"]["reason"] = "cancellation_requested" if at else None
    tell(account, "customer.subscription.updated", sub)


def next_month(at: int) -> int:
    """Return the same moment a month later, on its last day where the day is missing."""
    then = datetime.fromtimestamp(at, UTC)
    year, month = (then.year + 1, 1) if then.month == 12 else (then.year, then.month + 1)
    for day in range(then.day, 27, -1):
        try:
            return int(then.replace(year=year, month=month, day=day).timestamp())
        except ValueError:
            continue
    return int(then.replace(year=year, month=month).timestamp())


def _month(account: Account, sub: Body, price: Body, at: int) -> Body:
    stop = sub["items"]["data"][0]["current_period_end"]
    text = f"1 × {_name(account, price)}"
    return shapes.line(account, price, price["unit_amount"], text, at, stop, of=sub, proration=False)


def _name(account: Account, price: Body) -> str:
    return str(account.get("product", price["product"])["name"])

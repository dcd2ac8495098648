"""Time that passes: everything grows older by some days, and what fell due meanwhile happens in its order.

The clock itself is never turned, so that the app's own days agree with what it is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.stripe import subscriptions
from sandbox.stripe.account import DAY, Account, Body


def let_pass(account: Account, days: int) -> None:
    """Let so many days go by: months end, open invoices are tried again, checkout pages close."""
    with account.lock:
        account.age(days * DAY)
        while due := min(_due(account), key=lambda one: (one[0], one[1]["id"]), default=None):
            at, about = due
            _happen(account, about, at)


def _due(account: Account) -> Iterator[tuple[int, Body]]:
    now = account.now()
    for sub in account.all("subscription"):
        stop = sub["items"]["data"][0]["current_period_end"]
        stop = min(stop, sub["cancel_at"] or stop)
        if sub["status"] in subscriptions.LIVE and stop <= now:
            yield stop, sub
    for bill in account.all("invoice", status="open"):
        if bill["next_payment_attempt"] is not None and bill["next_payment_attempt"] <= now:
            yield bill["next_payment_attempt"], bill
    for session in account.all("checkout.session", status="open"):
        if session["expires_at"] <= now:
            yield session["expires_at"], session


def _happen(account: Account, about: Body, at: int) -> None:
    if about["object"] == "subscription":
        subscriptions.renew(account, about, at)
    elif about["object"] == "invoice":
        subscriptions.pay(account, about, at)
    else:
        about.update(status="expired", url=None)
        subscriptions.tell(account, "checkout.session.expired", about)

"""A second subscription that came about is given back: its money first, then it ends."""

import structlog
from stripe import StripeClient, Subscription

from plugin.billing.stripe import truth
from plugin.billing.stripe.once import once
from plugin.billing.stripe.wire import asked
from plugin.shops import Shop

log = structlog.get_logger("plugin.billing")


async def give_back(client: StripeClient, shop: Shop, sub: Subscription) -> None:
    """Return what a second subscription took, then end it; in this order, so that a crash between is made good."""
    bills = await asked(
        client.v1.invoices.list_async({"customer": truth.name_of(sub.customer), "subscription": sub.id})
    )
    for bill in bills.data:
        left = bill.amount_paid - bill.post_payment_credit_notes_amount
        if bill.status == "paid" and left > 0:
            await _refund(client, bill.id, left)
    await asked(client.v1.subscriptions.cancel_async(sub.id, {"prorate": False, "invoice_now": False}))
    log.warning("a second subscription was given back", shop=shop.handle)


async def _refund(client: StripeClient, bill: str, amount: int) -> None:
    await once(
        lambda key: client.v1.credit_notes.create_async(
            {"invoice": bill, "amount": amount, "refund_amount": amount, "reason": "duplicate"},
            {"idempotency_key": key},
        ),
        "duplicate",
        bill,
        amount,
    )

"""Stripe's papers as objects: invoices, how they were paid, refunds and credit notes."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.stripe.account import Account, Body
from sandbox.stripe.shapes import listed


def invoice(
    account: Account, sub: Body, lines: Sequence[Body], reason: str, at: int, *, preview: bool = False
) -> Body:
    """Return an invoice over these lines; the customer's credit is used up first."""
    who = account.get("customer", sub["customer"])
    id_ = account.id("upcoming_in" if preview else "in")
    subtotal = sum(one["amount"] for one in lines)
    balance = who["balance"]
    due = max(0, subtotal + balance) if subtotal > 0 else 0
    ending = balance + subtotal - due
    for one in lines:
        one["invoice"] = id_
    number = None
    if not preview:
        number = f"{who['invoice_prefix']}-{who['next_invoice_sequence']:04d}"
    page = None if preview else f"{account.origin}/stripe/invoices/{id_}"
    return {
        "id": id_,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Dankbar",
        "account_tax_ids": None,
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": sub["automatic_tax"]["enabled"],
            "liability": None,
            "provider": None,
            "status": "complete" if sub["automatic_tax"]["enabled"] else None,
        },
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": at,
        "currency": sub["currency"],
        "custom_fields": None,
        "customer": sub["customer"],
        "customer_address": who["address"],
        "customer_email": who["email"],
        "customer_name": who["name"],
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None if preview else at,
        "ending_balance": ending,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf" if page else None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listed(lines, f"/v1/invoices/{id_}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": number,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": sub["metadata"], "subscription": sub["id"]},
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "payments": listed([], f"/v1/invoice_payments?invoice={id_}"),
        "period_end": at,
        "period_start": at,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": balance,
        "statement_descriptor": None,
        "status": "draft" if preview else "open",
        "status_transitions": {
            "finalized_at": None if preview else at,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "test_clock": None,
        "total": subtotal,
        "total_discount_amounts": [],
        "total_excluding_tax": subtotal,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def payment(account: Account, bill: Body, at: int) -> Body:
    """Return how an invoice was paid: by a payment intent of its own."""
    return {
        "id": account.id("inpay"),
        "object": "invoice_payment",
        "amount_paid": bill["amount_due"],
        "amount_requested": bill["amount_due"],
        "created": at,
        "currency": bill["currency"],
        "invoice": bill["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": account.id("pi"), "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": at},
    }


def refund(account: Account, given: Body, amount: int, intent: str, currency: str) -> Body:
    """Return money on its way back."""
    return {
        "id": account.id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": None,
        "created": account.now(),
        "currency": currency,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": given.get("metadata") or {},
        "payment_intent": intent,
        "reason": given.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def credit_note(account: Account, given: Body, bill: Body, amount: int, refunds: Sequence[Body]) -> Body:
    """Return the paper that corrects an invoice."""
    id_ = account.id("cn")
    return {
        "id": id_,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": account.now(),
        "currency": bill["currency"],
        "customer": bill["customer"],
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": account.now(),
        "invoice": bill["id"],
        "lines": listed([], f"/v1/credit_notes/{id_}/lines"),
        "livemode": False,
        "memo": given.get("memo"),
        "metadata": given.get("metadata") or {},
        "number": f"{bill['number']}-CN-01",
        "out_of_band_amount": None,
        "pdf": f"{account.origin}/stripe/invoices/{bill['id']}/pdf",
        "post_payment_amount": amount,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": given.get("reason"),
        "refunds": [{"amount_refunded": one["amount"], "refund": one["id"]} for one in refunds],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": "post_payment",
        "voided_at": None,
    }

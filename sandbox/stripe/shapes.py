"""Stripe's objects in the shape of the installed package's version; a test holds each against its annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.stripe.account import Account, Body


def listed(data: Sequence[Body], url: str, *, more: bool = False) -> Body:
    """Return Stripe's list object."""
    return {"object": "list", "data": list(data), "has_more": more, "url": url}


def customer(account: Account, given: Body) -> Body:
    """Return a new customer."""
    id_ = account.id("cus")
    return {
        "id": id_,
        "object": "customer",
        "address": given.get("address"),
        "balance": 0,
        "created": account.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": given.get("description"),
        "discount": None,
        "email": given.get("email"),
        "invoice_prefix": id_[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "name": given.get("name"),
        "next_invoice_sequence": 1,
        "phone": given.get("phone"),
        "preferred_locales": given.get("preferred_locales") or [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def product(account: Account, given: Body) -> Body:
    """Return a new product."""
    return {
        "id": given.get("id") or account.id("prod"),
        "object": "product",
        "active": True,
        "created": account.now(),
        "default_price": None,
        "description": given.get("description"),
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": given.get("metadata") or {},
        "name": given["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": given.get("tax_code"),
        "type": "service",
        "unit_label": None,
        "updated": account.now(),
        "url": None,
    }


def price(account: Account, given: Body, product_id: str) -> Body:
    """Return a new recurring price."""
    recurring = given.get("recurring") or {}
    return {
        "id": account.id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": account.now(),
        "currency": given["currency"].lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": given.get("lookup_key"),
        "metadata": given.get("metadata") or {},
        "nickname": given.get("nickname"),
        "product": product_id,
        "recurring": {
            "interval": recurring.get("interval", "month"),
            "interval_count": recurring.get("interval_count", 1),
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": given["unit_amount"],
        "unit_amount_decimal": str(given["unit_amount"]),
    }


def plan_of(one: Body) -> Body:
    """Return the older object that still hangs on a subscription's item."""
    return {
        "id": one["id"],
        "object": "plan",
        "active": one["active"],
        "amount": one["unit_amount"],
        "amount_decimal": one["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": one["created"],
        "currency": one["currency"],
        "interval": one["recurring"]["interval"],
        "interval_count": 1,
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": one["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def item(account: Account, subscription_id: str, one: Body, start: int, end: int) -> Body:
    """Return a subscription's only item; the period is its own since 2025."""
    return {
        "id": account.id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": start,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(one),
        "price": one,
        "quantity": 1,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def subscription(account: Account, customer_id: str, metadata: Body, one: Body, start: int, end: int) -> Body:
    """Return a new active subscription."""
    id_ = account.id("sub")
    return {
        "id": id_,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": start,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": start,
        "currency": one["currency"],
        "customer": customer_id,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listed([item(account, id_, one, start, end)], f"/v1/subscription_items?subscription={id_}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": None,
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": start,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": None,
        "trial_start": None,
    }


def line(
    account: Account, one: Body, amount: int, text: str, start: int, end: int, *, of: Body, proration: bool
) -> Body:
    """Return a line of an invoice for a subscription's item."""
    details: dict[str, Any] = {
        "invoice_item": None,
        "proration": proration,
        "proration_details": {"credited_items": None},
        "subscription": of["id"],
        "subscription_item": of["items"]["data"][0]["id"],
    }
    return {
        "id": account.id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": one["currency"],
        "description": text,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        },
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": one["id"], "product": one["product"]},
            "type": "price_details",
            "unit_amount_decimal": one["unit_amount_decimal"],
        },
        "quantity": 1,
        "subscription": of["id"],
        "subtotal": amount,
        "taxes": [],
    }

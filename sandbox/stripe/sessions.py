"""Stripe's pages and news as objects: checkout sessions, portal sessions, events."""

from __future__ import annotations

import copy

from stripe._api_version import _ApiVersion

from sandbox.stripe.account import DAY, Account, Body

VERSION = _ApiVersion.CURRENT
"""The API version of the installed package, which its client sends with every request."""


def checkout_session(account: Account, given: Body, amount: int, currency: str) -> Body:
    """Return an open checkout session with its page."""
    id_ = account.id("cs_test")
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {
            "enabled": (given.get("automatic_tax") or {}).get("enabled", False),
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_address_collection": given.get("billing_address_collection"),
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": account.now(),
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": given.get("customer"),
        "customer_creation": None,
        "customer_details": None,
        "customer_email": None,
        "discounts": [],
        "expires_at": account.now() + DAY,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": given.get("metadata") or {},
        "mode": given["mode"],
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": given.get("success_url"),
        "tax_id_collection": {
            "enabled": False,
            "required": "never",
            **(given.get("tax_id_collection") or {}),
        },
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{account.origin}/stripe/checkout/{id_}",
        "wallet_options": None,
    }


def portal_session(account: Account, given: Body) -> Body:
    """Return a session of the customer's own page."""
    id_ = account.id("bps")
    return {
        "id": id_,
        "object": "billing_portal.session",
        "configuration": "bpc_1Dank00000000000000",
        "created": account.now(),
        "customer": given["customer"],
        "flow": None,
        "livemode": False,
        "locale": given.get("locale"),
        "on_behalf_of": None,
        "return_url": given.get("return_url"),
        "url": f"{account.origin}/stripe/portal/{id_}",
    }


def event(account: Account, kind: str, about: Body, key: str | None) -> Body:
    """Return the event that tells of an object as it is at this moment."""
    return {
        "id": account.id("evt"),
        "object": "event",
        "api_version": VERSION,
        "created": account.now(),
        "data": {"object": copy.deepcopy(about)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": key},
        "type": kind,
    }

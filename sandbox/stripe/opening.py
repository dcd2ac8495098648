"""An account at Stripe, opened beside a pocket Shopify: its pages, its API, and webhooks by the same sender."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from stripe import WebhookSignature

from sandbox.simulator import Simulator
from sandbox.stripe import api, pages
from sandbox.stripe.account import ALL, Account, Body
from sandbox.webhooks import Delivery

EVERY = 10.0
KEPT = ("objects", "cards", "replies", "after_retries", "_numbers")

RIGHTS = frozenset(
    {
        "customer_write",
        "plan_write",
        "checkout_session_write",
        "customer_portal_write",
        "subscription_write",
        "invoice_read",
        "credit_note_write",
    }
)
"""What the app's restricted key may do, as the documentation tells the operator to tick."""


def open_account(key: str, webhook_secret: str) -> Account:
    """Return an empty account; a key that begins with ``rk_`` has the documented rights alone."""
    return Account({key: RIGHTS if key.startswith("rk_") else ALL}, webhook_secret)


def install(app: Starlette, account: Account) -> None:
    """Give a sandbox this account."""
    simulator: Simulator = app.state.simulator
    shop: str = app.state.shop
    app.state.stripe = account
    account.origin = simulator.origin
    app.router.routes[:0] = [*api.ROUTES, *pages.ROUTES]

    def told(event: Body) -> None:
        raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()

        def signed() -> Mapping[str, str]:
            # Each attempt is signed anew, with its own time, as Stripe does.
            header = WebhookSignature.generate_signature_header(raw.decode(), account.webhook_secret)
            return {"Stripe-Signature": header}

        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        simulator.sender.put([Delivery(event["type"], shop, "/webhooks/stripe", headers, raw, sign=signed)])

    account.told = told


def recall(account: Account, path: Path) -> None:
    """Take up what was kept, if anything was."""
    if path.is_file():
        kept = pickle.loads(path.read_bytes())  # noqa: S301 our own file, beside our own secrets
        for name in KEPT:
            setattr(account, name, kept[name])


def keep(account: Account, path: Path) -> None:
    """Write everything down, whole or not at all."""
    with account.lock:
        raw = pickle.dumps({name: getattr(account, name) for name in KEPT})
    fresh = path.with_suffix(".new-stripe")
    fresh.touch(mode=0o600)
    fresh.write_bytes(raw)
    fresh.replace(path)


async def keep_on(account: Account, path: Path) -> None:
    """Write everything down every few seconds, and at the end."""
    try:
        while True:
            await asyncio.sleep(EVERY)
            keep(account, path)
    finally:
        keep(account, path)

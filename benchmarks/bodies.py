"""Orders as Shopify tells them, signed and framed as requests."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.processes import SECRET
from sandbox.tokens import webhook_hmac

KILOBYTES_10 = 10_240


def order(number: int, customer: int | None, now: datetime, lines: int = 3) -> bytes:
    """Return the body of a paid order of 20 EUR a line, placed at ``now``."""
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "id": number,
        "created_at": at,
        "processed_at": at,
        "updated_at": at,
        "cancelled_at": None,
        "test": False,
        "currency": "EUR",
        "taxes_included": True,
        "financial_status": "paid",
        "total_outstanding": "0.00",
        "current_subtotal_price_set": _money(2000 * lines),
        "current_total_tax_set": _money(319 * lines),
        "checkout_token": checkout_token(number),
        "source_name": "web",
        "customer_locale": "de-DE",
        "customer": None if customer is None else {"id": customer},
        "discount_codes": [],
        "discount_applications": [],
        "line_items": [_line(number * 100 + index) for index in range(lines)],
        "refunds": [],
        "shipping_lines": [{"title": "DHL"}],
        "shipping_address": {"country_code": "DE", "province_code": None},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def checkout_token(number: int) -> str:
    """Return the token of the checkout that led to the order."""
    return f"checkout-{number:032x}"


def request(shop: str, body: bytes, topic: str = "orders/paid") -> tuple[bytes, bytes]:
    """Return what stands before and after the webhook id in the request that delivers the body."""
    head = (
        f"POST /webhooks/shopify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: {topic}\r\n"
        f"X-Shopify-Shop-Domain: {shop}.myshopify.com\r\nX-Shopify-API-Version: 2026-07\r\n"
        f"X-Shopify-Hmac-Sha256: {webhook_hmac(SECRET, body)}\r\nX-Shopify-Webhook-Id: "
    )
    return head.encode(), b"\r\n\r\n" + body


def deliveries(*shops: str, distinct: int = 256) -> Iterator[bytes]:
    """Return requests of 10 KB without end, of the shops in turn, each with a webhook id of its own."""
    now = datetime.now(UTC)
    lines = next(lines for lines in range(1, 100) if len(order(1, 1, now, lines)) >= KILOBYTES_10)
    made = [
        request(shops[number % len(shops)], order(10**12 + number, number + 1, now, lines))
        for number in range(max(distinct, len(shops)))
    ]
    while True:
        for before, after in made:
            yield before + os.urandom(16).hex().encode() + after


def _line(number: int) -> dict[str, Any]:
    """Ids as long and as unlike as Shopify's, so that the body compresses no better than a real one."""
    return {
        "id": 10**13 + number * 7_919_777 % 10**13,
        "product_id": 7 * 10**12 + number * 104_729_333 % 10**12,
        "quantity": 1,
        "current_quantity": 1,
        "gift_card": False,
        "requires_shipping": True,
        "price_set": _money(2000),
        "discount_allocations": [],
    }


def _money(minor: int) -> dict[str, Any]:
    return {"shop_money": {"amount": f"{minor // 100}.{minor % 100:02}", "currency_code": "EUR"}}

"""``dankbar replay``: an order log sent as signed ``orders/paid`` webhooks, until each one is accepted."""

import asyncio
import base64
import csv
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from plugin.core.money import exponent
from plugin.errors import ConfigurationError

AT_ONCE = 32
FIRST_ID = 10**12
TRIES = 240
"""Tries of one row while the app is not there or says 503: some two minutes."""

COLUMNS = {"customer_id", "date", "items", "amount"}


@dataclass(frozen=True, slots=True)
class Options:
    """Where and how to send; ``rate`` is rows a second, 0 for as fast as they are accepted."""

    url: str
    shop: str
    secret: str
    currency: str = "EUR"
    rate: float = 0
    limit: int | None = None
    shuffle: bool = False
    duplicate: float = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to send; a duplicate carries the webhook id of its first."""

    webhook_id: str
    body: bytes


@dataclass(slots=True)
class Outcome:
    """How far it went."""

    sent: int = 0
    accepted: int = 0
    seconds: float = 0

    @property
    def rate(self) -> float:
        """Return accepted webhooks a second."""
        return self.accepted / self.seconds if self.seconds else 0


def read(path: Path, options: Options) -> list[Delivery]:
    """Read the log and lay out what is to be sent. Raises ConfigurationError naming the row that is wrong."""
    deliveries = [_delivery(number, row, options) for number, row in _rows(path, options.limit)]
    order = random.Random(options.seed)  # noqa: S311 reproducible, not secret
    doubled = [one for one in deliveries if order.random() < options.duplicate]
    deliveries += doubled
    if options.shuffle:
        order.shuffle(deliveries)
    return deliveries


async def send(deliveries: Sequence[Delivery], options: Options, progress: Callable[[], None]) -> Outcome:
    """Send all deliveries, 32 at once; a refused connection or 503 is tried again until accepted."""
    outcome, start = Outcome(), perf_counter()
    pending = iter(deliveries)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:

        async def work() -> None:
            for one in pending:
                if options.rate:
                    await asyncio.sleep(max(0, start + outcome.sent / options.rate - perf_counter()))
                outcome.sent += 1
                if await _accepted(client, one, options):
                    outcome.accepted += 1
                progress()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    outcome.seconds = perf_counter() - start
    return outcome


async def _accepted(client: httpx.AsyncClient, one: Delivery, options: Options) -> bool:
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Shop-Domain": f"{options.shop}.myshopify.com",
        "X-Shopify-Webhook-Id": one.webhook_id,
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Hmac-Sha256": _signature(one.body, options.secret),
    }
    for _ in range(TRIES):
        try:
            answer = await client.post(f"{options.url}/webhooks/shopify", content=one.body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.5)
            continue
        if answer.status_code == httpx.codes.OK:
            return True
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return False
        await asyncio.sleep(0.5)
    return False


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def _rows(path: Path, limit: int | None) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if not set(reader.fieldnames or ()) >= COLUMNS:
                raise ConfigurationError(
                    f"{path.name} must have the columns customer_id, date, items, amount."
                )
            for number, row in enumerate(reader, 1):
                if limit is not None and number > limit:
                    return
                yield number, row
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as a CSV file.") from error


def _delivery(number: int, row: dict[str, Any], options: Options) -> Delivery:
    try:
        body = _body(number, row, options.currency)
    except (ValueError, InvalidOperation, TypeError) as error:
        raise ConfigurationError(f"Row {number} of the log is not an order.") from error
    return Delivery(f"replay-{FIRST_ID + number}", json.dumps(body, separators=(",", ":")).encode())


def _body(number: int, row: dict[str, Any], currency: str) -> dict[str, Any]:
    day = date.fromisoformat(row["date"])
    at = f"{day.isoformat()}T12:00:00Z"
    amount = Decimal(row["amount"]).quantize(Decimal(1).scaleb(-exponent(currency)))
    money = {"shop_money": {"amount": str(amount), "currency_code": currency}}
    nothing = {"shop_money": {"amount": "0.00", "currency_code": currency}}
    order_id = FIRST_ID + number
    line: dict[str, Any] = {
        "id": order_id,
        "product_id": None,
        "quantity": 1,
        "current_quantity": 1,
        "gift_card": False,
        "requires_shipping": True,
        "price_set": money,
        "discount_allocations": [],
    }
    return {
        "id": order_id,
        "created_at": at,
        "processed_at": at,
        "updated_at": at,
        "cancelled_at": None,
        "test": False,
        "currency": currency,
        "taxes_included": True,
        "financial_status": "paid",
        "total_outstanding": "0.00",
        "current_subtotal_price_set": money,
        "current_total_tax_set": nothing,
        "checkout_token": f"replay-{order_id}",
        "source_name": "web",
        "customer_locale": None,
        "customer": {"id": int(row["customer_id"])},
        "discount_codes": [],
        "discount_applications": [],
        "line_items": [line],
        "refunds": [],
        "shipping_lines": [],
        "shipping_address": None,
    }

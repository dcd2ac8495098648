"""Short ways to tell the oracle a story."""

from datetime import UTC, datetime
from typing import Any

from tests.oracle.bodies import Piece
from tests.oracle.facts import Snapshot, decode_order
from tests.oracle.model import AccountVerdict, History, OrderVerdict, judge
from tests.oracle.orders import Delivery
from tests.oracle.purchase import Purchase

ANNA, BERT, CARA = 2**53 + 11, 2**53 + 22, 2**53 + 33
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2027, 6, 1, 12, tzinfo=UTC)


def bought(number: int = 1, price: int = 10_000, **changes: Any) -> Purchase:
    """An order of one piece by Anna at NOON, placed and paid unless `status` says otherwise; no shipping, no tax."""
    status = changes.pop("status", "paid")
    facts: dict[str, Any] = {"placed_at": NOON, "customer": ANNA, "shipping": 0, "tax_percent": 0}
    purchase = Purchase(id=number, **({"pieces": [Piece(number * 10, price)]} | facts | changes))
    purchase.place(status)
    return purchase


def told(*purchases: Purchase, **changes: Any) -> History:
    """The history in which these orders were told."""
    every = tuple(delivery for purchase in purchases for delivery in purchase.deliveries)
    return History(**({"deliveries": every} | changes))


def order(history: History, number: int = 1, now: datetime = LATER) -> OrderVerdict:
    """What must hold for an order."""
    return judge(history, now).orders[number]


def account(history: History, customer: int = ANNA, now: datetime = LATER) -> AccountVerdict:
    """What must hold for a customer's account."""
    found = judge(history, now).account_of(customer)
    assert found is not None
    return found


def snapshot(source: str = "webhook", fetched_at: datetime | None = None, **changes: Any) -> Snapshot:
    """A paid order's snapshot with some keys of its body changed."""
    return decode_order(bought().body() | changes, source, fetched_at)


def delivery(topic: str = "orders/updated", source: str = "webhook", **changes: Any) -> Delivery:
    """A paid order's delivery with some keys of its body changed."""
    return Delivery(topic, bought().body() | changes, source, NOON if source == "api" else None)

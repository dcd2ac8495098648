"""People who bought something, and what Shopify asks about them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from plugin.core.accounts import account
from plugin.core.order_book import order
from tests import engine
from tests.oracle.bodies import Piece
from tests.oracle.purchase import Purchase

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLACED = datetime(2026, 3, 2, 10, tzinfo=UTC)
ANNA, BEN, CLARA = 7_700_000_000_000_001, 7_700_000_000_000_002, 7_700_000_000_000_003
FIRST = 9_100_000_000_000_001
TOKEN = "c0ffee5ecretc0ffee5ecretc0ffee55"


def purchase(number: int = 0, customer: int | None = ANNA, amount: int = 4_900) -> Purchase:
    """A paid order of one line; order, line and refund ids are all different and beyond 2^52."""
    made = Purchase(
        id=FIRST + number,
        placed_at=PLACED,
        pieces=[Piece(8_300_000_000_000_001 + number * 10, amount, 2)],
        customer=customer,
        token=f"{TOKEN}{number}",
    )
    made.place()
    return made


def refunded(number: int = 0, customer: int | None = ANNA) -> Purchase:
    """A purchase of which one of two pieces came back."""
    made = purchase(number, customer)
    made.wait(3600)
    made.refund(8_600_000_000_000_001 + number, {0: 1})
    return made


def tell(conn: Connection, made: Purchase, now: datetime = NOW) -> None:
    """Store and handle everything that was told about the purchase."""
    for one in made.deliveries:
        assert one.body is not None
        engine.store(conn, one.topic, one.body, now=now)
    engine.handle_all(conn, now)


def redact(customer: int | None, *orders: int, email: str = "anna@example.com") -> dict[str, Any]:
    """The body of customers/redact."""
    return {
        "shop_id": 954889,
        "shop_domain": "example.myshopify.com",
        "customer": {"id": customer, "email": email, "phone": "555-625-1199"},
        "orders_to_redact": list(orders),
    }


def ask_data(request: int, customer: int | None, *orders: int) -> dict[str, Any]:
    """The body of customers/data_request."""
    return {
        "shop_id": 954889,
        "shop_domain": "example.myshopify.com",
        "orders_requested": list(orders),
        "customer": {"id": customer, "email": "anna@example.com", "phone": "555-625-1199"},
        "data_request": {"id": request},
    }


def erase(conn: Connection, customer: int | None, *orders: int, now: datetime = NOW) -> None:
    """Have Shopify ask for the erasure, and handle it."""
    engine.store(conn, "customers/redact", redact(customer, *orders), now=now)
    batch = engine.handle_all(conn, now)
    assert (batch.parked, batch.failed) == (0, 0)


def orders(conn: Connection) -> list[tuple[int | None, int | None, bool]]:
    """Shopify's id, customer and sealing of every order, in the order of arrival."""
    found = conn.execute(select(order.c.order_id, order.c.customer_id, order.c.sealed).order_by(order.c.id))
    return [tuple(row) for row in found]


def totals(conn: Connection) -> list[tuple[int | None, int]]:
    """Customer and total of every account."""
    found = conn.execute(select(account.c.customer_id, account.c.total).order_by(account.c.id))
    return [tuple(row) for row in found]

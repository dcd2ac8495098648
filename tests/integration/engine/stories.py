"""Short ways to a shop with orders, and to what became of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from plugin.core import standing
from plugin.core.accounts import account
from plugin.core.ledger import ledger_entry
from plugin.database import Database
from plugin.shops import Shop
from tests import engine
from tests.oracle.bodies import Piece
from tests.oracle.purchase import Purchase
from webhooks.inbox import inbox

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLACED = NOW - timedelta(days=30)
ANNA, BERT, CARA = 2**53 + 11, 2**53 + 22, 2**53 + 33


def bought(number: int = 1, price: int = 4_990, **changes: Any) -> Purchase:
    """A paid order of one piece by Anna; nothing is told yet but orders/create and orders/paid."""
    facts: dict[str, Any] = {"placed_at": PLACED, "customer": ANNA, "shipping": 0, "tax_percent": 0}
    status = changes.pop("status", "paid")
    purchase = Purchase(id=number, **({"pieces": [Piece(number * 10, price)]} | facts | changes))
    purchase.place(status)
    return purchase


def tell(conn: Connection, *purchases: Purchase, now: datetime = NOW) -> None:
    """Store and handle everything these orders have sent."""
    for purchase in purchases:
        for one in purchase.deliveries:
            if one.body is not None:
                engine.store(conn, one.topic, one.body, now=now)
    engine.handle_all(conn, now)


async def installed(db: Database, **changes: Any) -> Shop:
    """A shop that takes part since long ago."""
    return await db.write(lambda conn: engine.install(conn, **({"now": PLACED} | changes)))


def figures(conn: Connection, shop: Shop, customer: int = ANNA, now: datetime = NOW) -> tuple[int, int, int]:
    """The customer's available and pending points and debt."""
    found = standing.standing(conn, shop.id, customer, now)
    return (found.available, found.pending, found.debt) if found else (0, 0, 0)


def total(conn: Connection, customer: int = ANNA) -> int:
    """The sum of all entries of the customer's own account."""
    mine = select(func.coalesce(func.sum(ledger_entry.c.points), 0)).join(
        account, account.c.id == ledger_entry.c.account_id
    )
    return int(conn.execute(mine.where(account.c.customer_id == customer)).scalar_one())


def states(conn: Connection) -> dict[str, int]:
    """How many events are in which state."""
    counted = select(inbox.c.state, func.count()).group_by(inbox.c.state)
    return {row.state: row[1] for row in conn.execute(counted)}


def reasons(conn: Connection) -> list[str]:
    """Why events were set aside."""
    return [
        why or "" for why in conn.execute(select(inbox.c.reason).where(inbox.c.state == "parked")).scalars()
    ]

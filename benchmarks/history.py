"""A long history of points, made within the database: through the worker a million entries would take minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Table,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from plugin.core import order_codec
from plugin.core.accounts import account
from plugin.core.earning import Counting, Rule, Target, target
from plugin.core.ledger import ACCRUAL, earning, ledger_entry
from plugin.core.order_book import order
from plugin.core.orders import Line, OrderFacts, OrderState, Snapshot, Told
from plugin.database import Utc

FIRST_CUSTOMER = 7 * 10**12
FIRST_ORDER = 10**12
ORDERS_OF_EACH = 5
POINTS = 60

_APART = 7_919
"""A prime: neighbouring orders are of customers far apart, as in a shop."""

_SOMEBODY, _SOME_ORDER = 8_888_888_888_888, 1_999_999_999_999
"""Stand in the facts for each order's own customer and number."""

_RULE = Rule("1.1", 1000, 14, 0, without_tax=False, currency="EUR", zone="Europe/Berlin")
"""What a shop of ``benchmarks.seed`` has at its defaults."""


def customers_of(entries: int) -> int:
    """Return how many customers share a history of so many entries."""
    return max(1, entries // ORDERS_OF_EACH)


def customer(number: int) -> int:
    """Return the Shopify id of a customer, counted from 0; a customer of the shop ``number % shops``."""
    return FIRST_CUSTOMER + number


def write(conn: Connection, shop_ids: Sequence[int], entries: int, now: datetime) -> None:
    """Write so many orders with one ledger entry each, spread over customers and shops; ``dankbar verify`` approves."""
    write_customers(conn, shop_ids, entries)
    write_orders(conn, shop_ids, entries, range(entries), now)


def write_customers(conn: Connection, shop_ids: Sequence[int], entries: int) -> None:
    """Write the accounts of a history of so many entries."""
    take_your_time(conn)
    people = _numbers(range(customers_of(entries)))
    first, shops = shop_ids[0], len(shop_ids)
    columns: dict[str, Any] = {
        "id": people.c.i + 1,
        "shop_id": people.c.i % shops + first,
        "customer_id": people.c.i + FIRST_CUSTOMER,
        "root_id": people.c.i + 1,
        "total": literal(POINTS * ORDERS_OF_EACH),
        "expires": literal(False),
    }
    _fill(conn, account, columns)


def write_orders(
    conn: Connection, shop_ids: Sequence[int], entries: int, those: range, now: datetime
) -> None:
    """Write those orders of a history of so many entries, counted from 0, with one entry each."""
    take_your_time(conn)
    orders = _numbers(those)
    first, shops = shop_ids[0], len(shop_ids)
    whose = (orders.c.i * _APART) % customers_of(entries)
    shared = {"shop_id": whose % shops + first}
    day = now - timedelta(days=60)
    at = literal(day, Utc())
    _fill(conn, order, shared | _orders(orders.c.i, whose, at, day))
    due = target(_state(day), _RULE, Counting(day, count_test_orders=False))
    _fill(conn, earning, shared | _earnings(orders.c.i, whose, due))
    _fill(conn, ledger_entry, shared | _entries(orders.c.i, whose, at))


def take_your_time(conn: Connection) -> None:
    """Let this transaction's statements take as long as they need, and believe what they write."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        conn.execute(text("SET LOCAL session_replication_role = replica"))


def settle(conn: Connection) -> None:
    """Let the database learn what there is, as it does by itself in the course of time."""
    conn.execute(text("ANALYZE"))


def _orders(i: ColumnElement[int], whose: Any, at: Any, day: datetime) -> dict[str, Any]:
    state: Any = literal(order_codec.encode(_state(day)))
    own = {_SOMEBODY: whose + FIRST_CUSTOMER, _SOME_ORDER: i + FIRST_ORDER}
    for stands, number in own.items():
        state = func.replace(state, str(stands), cast(number, String))
    return {
        "id": i + 1,
        "order_id": i + FIRST_ORDER,
        "customer_id": whose + FIRST_CUSTOMER,
        "processed_at": at,
        "first_at": at,
        "net": literal(6000),
        "sealed": literal(False),
        "state": state,
    }


def _earnings(i: ColumnElement[int], whose: Any, due: Target) -> dict[str, Any]:
    return {
        "order_ref": i + 1,
        "account_id": whose + 1,
        "points": literal(due.points),
        "kept": literal(due.kept),
        "available_at": literal(due.available_at, Utc()),
        "breakdown": literal(due.breakdown),
        "waits": literal(False),
        "base": literal(due.base),
        "rule_version": literal("1.1"),
    }


def _entries(i: ColumnElement[int], whose: Any, at: Any) -> dict[str, Any]:
    key = literal("order:") + cast(i + 1, String) + ":" + cast(whose + 1, String) + ":1"
    return {
        "id": i + 1,
        "account_id": whose + 1,
        "kind": literal(ACCRUAL),
        "points": literal(POINTS),
        "order_ref": i + 1,
        "business_key": key,
        "business_at": at,
        "recorded_at": at,
        "rule_version": literal("1.1"),
    }


def _numbers(those: range) -> CTE:
    """Return them as rows, in either database."""
    n = select(literal(those.start, BigInteger).label("i")).cte("n", recursive=True)
    return n.union_all(select(n.c.i + 1).where(n.c.i < those.stop - 1))


def _fill(conn: Connection, table: Table, columns: dict[str, Any]) -> None:
    conn.execute(insert(table).from_select(list(columns), select(*columns.values())))
    if conn.dialect.name == "postgresql" and "id" in columns:
        name = conn.dialect.identifier_preparer.format_table(table)
        sequence = func.pg_get_serial_sequence(name, "id")
        conn.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def _state(day: datetime) -> OrderState:
    """A plausible order worth ``POINTS``."""
    lines = tuple(Line(n, 7, 1, 1, gift_card=False, ships=True, price=2000) for n in range(3))
    facts = OrderFacts(
        id=_SOME_ORDER,
        updated_at=day,
        created_at=day,
        processed_at=day,
        cancelled_at=None,
        test=False,
        currency="EUR",
        taxes_included=True,
        status="paid",
        outstanding=0,
        subtotal=6000,
        tax=957,
        source="web",
        customer_id=_SOMEBODY,
        lines=lines,
        country="DE",
    )
    snapshot = Snapshot(facts)
    customer = Told(snapshot.key(), str(_SOMEBODY))
    return OrderState(snapshot=snapshot, key=snapshot.key(), customer=customer)

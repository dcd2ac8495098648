"""A batch of many shops asks the database for no more than a batch of a few: what they need is read and taken in sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, event

from plugin.database import Database
from tests import engine
from tests.engine import KEYRING
from tests.integration.engine.stories import NOW, bought
from webhooks import handle
from widgets.coupon.tables import FREE, coupon_code, coupon_node


@contextmanager
def counted(conn: Connection) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    said: list[str] = []

    def note(*given: Any) -> None:
        said.append(given[2])

    event.listen(conn, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(conn, "before_cursor_execute", note)


def batch(conn: Connection, shops: list[str], orders: int, first: int) -> list[str]:
    """Handle so many orders of each shop as one batch; the statements that it took."""
    number = first
    for shop in shops:
        for _ in range(orders):
            engine.store(conn, "orders/paid", bought(number).body(), now=NOW, shop=shop)
            number += 1
    with counted(conn) as said:
        done = handle.handle_due(conn, KEYRING, NOW + timedelta(seconds=1), 128)
    assert len(done.handled) == len(shops) * orders
    return said


def stocked(conn: Connection, shops: list[str], each: int) -> None:
    """Install the shops, have their discount nodes written down, and put free codes into every pool."""
    for number, shop in enumerate(shops):
        engine.install(conn, shop, now=NOW)
        batch(conn, [shop], 1, 10_000 + number)
    for node in conn.execute(coupon_node.select()).all():
        rows = [
            {"shop_id": node.shop_id, "node_id": node.id, "code": f"CODE-{node.id}-{number}", "state": FREE}
            for number in range(each)
        ]
        conn.execute(coupon_code.insert(), rows)
    conn.execute(coupon_node.update().values(low_id=2**40, gid="gid://shopify/DiscountCodeNode/1"))


async def test_more_shops_in_a_batch_take_no_more_statements(db: Database) -> None:
    shops = [f"shop-{number:02}" for number in range(24)]

    def told(conn: Connection) -> tuple[list[str], list[str]]:
        stocked(conn, shops, 9)
        return batch(conn, shops[:3], 1, 20_000), batch(conn, shops, 1, 30_000)

    few, many = await db.write(told)
    assert len(many) == len(few)


async def test_each_shop_gets_the_first_codes_of_its_own_pool(db: Database) -> None:
    shops = ["anna", "bert", "cleo"]

    def told(conn: Connection) -> list[tuple[int, list[str]]]:
        stocked(conn, shops, 5)
        batch(conn, shops[:2], 2, 20_000)
        batch(conn, shops[1:], 1, 30_000)
        given = coupon_code.select().where(coupon_code.c.state != FREE).order_by(coupon_code.c.id)
        nodes = {
            node.id: list[str]() for node in conn.execute(coupon_node.select().order_by(coupon_node.c.id))
        }
        for code in conn.execute(given):
            nodes[code.node_id].append(code.code)
        return list(nodes.items())

    found = await db.write(told)
    assert [len(codes) for _, codes in found] == [2, 3, 1]
    for node, codes in found:
        assert codes == [f"CODE-{node}-{number}" for number in range(len(codes))]

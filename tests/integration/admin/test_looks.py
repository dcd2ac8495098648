"""Wherever the admin names an order, that somebody looked is written down."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select
from starlette.routing import Route

import widgets
from plugin.admin import admin_routes
from plugin.admin.door import AdminDoor
from plugin.core import access_log
from plugin.core.order_book import order
from tests.integration.admin.stage import Stage
from widgets.delivery.tables import delivery_promise

LOG = "/admin/privacy"
REPORTS = "/admin/widgets/delivery/reports"
ORDER = 7_777_770_001


def addresses() -> list[str]:
    """Every page and file of the admin that can be read without naming somebody, but the log itself."""
    first = admin_routes()[0]
    assert isinstance(first, Route)
    assert isinstance(first.app, AdminDoor)
    pages: Any = first.app._pages
    paths: list[str] = []
    for route in pages.app.routes:
        if "GET" not in route.methods or route.path == LOG:
            continue
        if "{report}" in route.path:
            paths += [
                route.path.format(name=name, report=report.name)
                for name, widget in widgets.ALL.items()
                for report in widget.reports
            ]
        elif "{name}" in route.path and route.path.count("{") == 1:
            paths += [route.path.format(name=name) for name in widgets.ALL]
        elif "{" not in route.path:
            paths.append(route.path)
    return paths


def promised(conn: Connection, shop_id: int) -> None:
    """Promise the order a day that is over."""
    at = datetime.now(UTC) - timedelta(days=5)
    day = at.date()
    row = {
        "order_ref": conn.execute(select(order.c.id).where(order.c.order_id == ORDER)).scalar_one(),
        "shop_id": shop_id,
        "made_at": at,
        "ordered_at": at,
        "rule_version": 1,
        "lane": "DE|DHL",
        "country": "DE",
        "taken_on": day,
        "after_cutoff": False,
        "weekday": 0,
        "inputs": "{}",
        "hand_over_by": day,
        "earliest": day,
        "latest": day,
        "level": 90,
        "awaited": True,
    }
    conn.execute(insert(delivery_promise).values(row))


async def looks(stage: Stage) -> int:
    return len(await stage.db.read(lambda conn: access_log.lately(conn, stage.shop.id, 100)))


async def test_no_page_or_file_names_an_order_without_writing_the_look_down(stage: Stage) -> None:
    await stage.tell(ORDER)
    await stage.db.write(lambda conn: promised(conn, stage.shop.id))
    naming = set()
    for path in addresses():
        before = await looks(stage)
        named = str(ORDER) in (await stage.part(path, locale="en")).text
        assert await looks(stage) == before + named, path
        naming |= {path} if named else set()
    assert naming == {REPORTS, f"{REPORTS}/late", "/admin/ledger/export"}
    page = (await stage.part(LOG, locale="en")).text
    assert page.count("A report that names orders") == 2
    assert str(ORDER) not in page

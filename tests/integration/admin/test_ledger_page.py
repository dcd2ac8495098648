"""The ledger page: a customer's points add up before the merchant's eyes, and only this shop's are found."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from plugin.core import accounts, ledger, positions
from plugin.core.ledger import Entry
from tests.integration.admin.stage import Stage
from tests.integration.widgets.stage import CUSTOMER


async def looked_up(stage: Stage, number: object, locale: str = "en") -> str:
    found = await stage.part("/admin/ledger", q=str(number), locale=locale)
    assert found.status_code == 200
    return re.sub(r"\s+", " ", found.text)


async def redeem(stage: Stage, points: int) -> None:
    now = datetime.now(UTC)

    def work(conn: Connection) -> None:
        account = accounts.ensure(conn, [(stage.shop.id, CUSTOMER)])[stage.shop.id, CUSTOMER]
        entry = Entry(stage.shop.id, account.id, ledger.REDEMPTION, -points, f"test:{points}", now)
        positions.post(conn, [entry], now)

    await stage.db.write(work)


async def test_a_customers_statement_shows_every_step_of_the_reckoning(stage: Stage) -> None:
    await stage.tell(1001, processed_at=datetime.now(UTC) - timedelta(days=20))
    await stage.tell(1002)
    await redeem(stage, 60)
    page = await looked_up(stage, CUSTOMER)
    assert f"Customer {CUSTOMER}" in page
    assert "0 to spend + 49 on their way − 11 owed = 38" in page
    assert "3 entries add up to 38; the account says 38." in page
    assert "adds up" in page
    assert page.count("€49.90 kept × 1 a unit, rounded down = 49 points (rule 1.1)") == 2
    cells = re.findall(r"<s-table-cell>([+-]\d+)</s-table-cell> <s-table-cell>(-?\d+)</s-table-cell>", page)
    assert sorted(int(points) for points, _ in cells) == [-60, 49, 49]
    assert int(cells[0][1]) == 38
    assert int(cells[-1][0]) == int(cells[-1][1])
    assert "49 of 49 points" in page
    assert "They do not expire." in page


async def test_an_order_leads_to_its_customer(stage: Stage) -> None:
    await stage.tell(1001)
    for written in (
        "1001",
        "#1001",
        "gid://shopify/Order/1001",
        f" {CUSTOMER} ",
        f"gid://shopify/Customer/{CUSTOMER}",
    ):
        assert f"Customer {CUSTOMER}" in await looked_up(stage, written)


async def test_a_guests_order_says_why_its_points_are_nobodys(stage: Stage) -> None:
    await stage.tell(1001, customer_id=None)
    page = await looked_up(stage, 1001)
    assert "Order 1001" in page
    assert "its points belong to nobody" in page
    assert "= 49 points" in page


async def test_another_shops_customers_and_orders_are_unknown(stage: Stage) -> None:
    order = 5_678_901_002_001
    await stage.tell(order, stage.other)
    for number in (order, CUSTOMER):
        page = await looked_up(stage, number)
        assert "Nothing is known here" in page
        assert "49" not in re.sub(r'value="[^"]*"', "", page)
    found = await stage.part("/admin/ledger", stage.other, q=str(order))
    assert f"Customer {CUSTOMER}" in found.text


async def test_what_is_no_number_is_answered_in_a_sentence(stage: Stage) -> None:
    for asked in ("x", "-1", "# ", "x" * 41 + "1", '"><script>alert(1)</script>'):
        page = await looked_up(stage, asked, locale="de")
        assert "Bitte die Nummer einer Kundin" in page
        assert "<script>alert" not in page


async def test_the_rate_is_the_one_of_the_orders_own_time(stage: Stage) -> None:
    await stage.tell(1001)
    sent = {"version": "1", "enabled": "true", "basis": "gross", "points_per_unit": "2.5"}
    sent |= {"pending_days": "14", "expiry_months": "0"}
    assert (await stage.post("/admin/widgets/loyalty", sent)).status_code == 200
    await stage.tell(1002, processed_at=datetime.now(UTC) + timedelta(seconds=1))
    page = await looked_up(stage, CUSTOMER, locale="de")
    assert "49,90 € behalten × 2,5 je Einheit, abgerundet = 124 Punkte (Regel 2.1)" in page
    assert "49,90 € behalten × 1 je Einheit, abgerundet = 49 Punkte (Regel 1.1)" in page


async def test_the_check_covers_this_shop_and_says_what_it_found(stage: Stage) -> None:
    await stage.tell(1001)
    await stage.tell(2001, stage.other, customer_id=CUSTOMER + 1)
    found = await stage.post("/admin/ledger/verify", locale="de")
    assert found.status_code == 200
    assert found.text.startswith('<div id="verified">')
    assert "Alles stimmt." in found.text
    assert "Konten: 1, Buchungen: 1," in found.text


async def test_a_number_that_shopify_gave_to_nobody_here_is_no_orders_name(stage: Stage) -> None:
    for asked in (str(2**63), "9" * 19, "gid://shopify/Order/5678901002999", "#5678901002999"):
        assert "Nothing is known here" in await looked_up(stage, asked)

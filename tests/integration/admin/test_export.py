"""The ledger as a file: every entry once, safe to open, and adding up to what the accounts say."""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from plugin.admin import export
from plugin.admin.desk import Desk
from plugin.admin.spreadsheet import plain
from plugin.core import accounts, extract
from plugin.core.accounts import account
from plugin.core.ledger import ledger_entry
from plugin.settings import ShopSettings
from plugin.shops import Shop
from tests.integration.admin.stage import PART, Stage
from tests.integration.admin.test_adjusting import posted
from tests.integration.widgets.stage import CUSTOMER

PATH = "/admin/ledger/export"
SETTINGS = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01")


async def rows(stage: Stage, shop: Shop | None = None, **query: str) -> list[dict[str, str]]:
    """Download and read the file as a spreadsheet would."""
    found = await stage.part(PATH, shop, **{"locale": "en", **query})
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.content.startswith(b"\xef\xbb\xbf")
    text = found.content.decode("utf-8-sig")
    return list(
        csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if query.get("locale") == "de" else ",")
    )


async def busy(stage: Stage) -> None:
    """Orders of several customers, a merge, an adjustment, and what another shop has."""
    long_ago = datetime.now(UTC) - timedelta(days=20)
    for number in range(6):
        await stage.tell(1001 + number, customer_id=CUSTOMER + number % 3, processed_at=long_ago)
    await stage.tell(
        1001, status="refunded", processed_at=long_ago, updated_at=datetime.now(UTC) + timedelta(minutes=1)
    )
    await stage.tell(2001, stage.other)

    def merge(conn: Connection) -> None:
        accounts.merge(conn, stage.shop.id, CUSTOMER + 2, CUSTOMER + 1)

    await stage.db.write(merge)


async def totals(stage: Stage, *customers: int) -> dict[str, int]:
    """What the accounts say, by root."""
    asked = select(account.c.root_id, func.sum(account.c.total)).where(account.c.shop_id == stage.shop.id)
    if customers:
        asked = asked.where(account.c.customer_id.in_(customers))
    asked = asked.group_by(account.c.root_id)
    return await stage.db.read(lambda conn: {str(root): int(total) for root, total in conn.execute(asked)})


@pytest.mark.parametrize("size", [1, 3, 2000])
async def test_the_file_adds_up_to_every_balance(
    stage: Stage, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (extract, export):
        monkeypatch.setattr(module, "PORTION", size)
    monkeypatch.setattr(extract, "_READ", extract._READ.limit(size))
    await busy(stage)
    sums: dict[str, int] = defaultdict(int)
    found = await rows(stage)
    for row in found:
        sums[row["Account"]] += int(row["Points"])
    assert sums == await totals(stage)
    counted = select(func.count()).where(ledger_entry.c.shop_id == stage.shop.id)
    assert len(found) == await stage.db.read(lambda conn: conn.execute(counted).scalar_one())
    assert len({row["Entry"] for row in found}) == len(found)


async def test_the_file_is_sent_while_it_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PORTION", 2)
    monkeypatch.setattr(extract, "_READ", extract._READ.limit(2))
    await busy(stage)
    desk = Desk(stage.runtime, stage.shop, SETTINGS, 42, "en", datetime.now(UTC), {})
    chunks = [chunk async for chunk in export._table(desk, None)]
    assert [chunk.count(b"\r\n") for chunk in chunks] == [1, 2, 2, 2, 1]


async def test_one_customers_file_holds_all_accounts_merged_with_theirs(stage: Stage) -> None:
    await busy(stage)
    found = await rows(stage, customer=str(CUSTOMER + 2))
    assert {row["Customer"] for row in found} == {str(CUSTOMER + 1), str(CUSTOMER + 2)}
    (total,) = (await totals(stage, CUSTOMER + 1, CUSTOMER + 2)).values()
    assert sum(int(row["Points"]) for row in found) == total
    assert await rows(stage, customer="7") == []
    assert await rows(stage, stage.other, customer=str(CUSTOMER + 1)) == []


async def test_times_are_by_the_shops_clock_and_the_columns_in_the_merchants_language(stage: Stage) -> None:
    await stage.tell(1001, updated_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    (row,) = await rows(stage, locale="de")
    assert row["Wann"] == "2026-11-23T00:30:00+01:00"
    assert (row["Art"], row["Punkte"], row["Bestellung"]) == ("accrual", "49", "1001")
    assert (row["Kundennummer"], row["Regel"], row["Verfällt"]) == (str(CUSTOMER), "1.1", "")
    found = await stage.part(PATH, locale="de")
    assert found.headers["content-disposition"].startswith('attachment; filename="example-')


@pytest.mark.parametrize("reason", ["=1+1", "+49 170", "-5 %", "@SUM(A1)", "＝1+1"])
async def test_a_reason_is_never_taken_for_a_formula(stage: Stage, reason: str) -> None:
    await stage.tell(1001, processed_at=datetime.now(UTC) - timedelta(days=20))
    assert (await posted(stage, reason=reason, points="-7")).status_code == 200
    (row,) = [row for row in await rows(stage) if row["Kind"] == "adjustment"]
    assert row["Reason"] == f"'{reason}"
    assert row["Points"] == "-7"


@pytest.mark.parametrize("text", ["=x", "\tx", "\rx", "\nx"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert plain(text) == f"'{text}"
    assert plain(f"a{text}") == f"a{text}"


async def test_a_reason_with_separators_and_quotes_stays_one_cell(stage: Stage) -> None:
    await stage.tell(1001, processed_at=datetime.now(UTC) - timedelta(days=20))
    reason = 'He said "no", then; yes'
    await posted(stage, reason=reason)
    for locale, column in (("en", "Reason"), ("de", "Grund")):
        assert reason in {row[column] for row in await rows(stage, locale=locale)}


async def test_the_file_is_a_proved_merchants_alone(stage: Stage) -> None:
    params: dict[str, Any] = {"shop": stage.shop.domain}
    assert (await stage.client.get(PATH, params=params, headers=PART)).status_code == 401
    for customer in ("x", "0", "-1", "9" * 30, "1" * 5000, "٣"):
        assert (await stage.part(PATH, customer=customer)).status_code == 422

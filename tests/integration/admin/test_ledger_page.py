"""The ledger page: a customer's points add up before the merchant's eyes, and only this shop's are found."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, update

import widgets
from plugin import nightly
from plugin.core import accounts, ledger, redemptions
from plugin.core.ledger import Entry
from plugin.core.redemptions import Redeemed
from tests import engine
from tests.integration.admin.stage import Stage
from tests.integration.widgets.stage import CUSTOMER


async def looked_up(stage: Stage, number: object, locale: str = "en") -> str:
    found = await stage.part("/admin/ledger", q=str(number), locale=locale)
    assert found.status_code == 200
    return re.sub(r"\s+", " ", found.text)


async def redeem(stage: Stage, points: int) -> None:
    now = datetime.now(UTC)
    await stage.db.write(lambda conn: engine.redeem(conn, stage.shop, CUSTOMER, points, now, now))


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


async def test_the_check_covers_this_shop_is_kept_and_shown_again(stage: Stage) -> None:
    await stage.tell(1001)
    await stage.tell(2001, stage.other, customer_id=CUSTOMER + 1)
    for path in ("/", "/admin/ledger"):
        assert "Noch nicht geprüft" in (await stage.part(path, locale="de")).text
    found = await stage.post("/admin/ledger/verify", locale="de")
    assert found.status_code == 200
    assert found.text.startswith('<div id="proof" role="status">')
    assert "0 Abweichungen in 1 Buchung." in found.text
    for path in ("/", "/admin/ledger"):
        page = (await stage.part(path, locale="de")).text
        assert "0 Abweichungen in 1 Buchung." in page
        assert 'tone="success"' in page
        assert "Noch nicht geprüft" in (await stage.part(path, stage.other, locale="de")).text


async def test_last_nights_check_and_an_old_one_say_so(stage: Stage) -> None:
    now = datetime.now(UTC)
    night = nightly.last_night(now, ZoneInfo("Europe/Berlin"))
    await nightly.check(stage.db, stage.shop, night + timedelta(minutes=7))
    page = await looked_up(stage, "")
    assert "Checked last night, at 03:07." in page
    await nightly.check(stage.db, stage.shop, now - timedelta(hours=37))
    page = await looked_up(stage, "")
    assert "The last check was on" in page
    assert "see to it that a worker is running" in page
    assert 'tone="warning"' in page
    assert "Checked" not in page.partition("Every balance")[2]


async def test_what_does_not_add_up_is_said_in_words_with_what_to_do(stage: Stage) -> None:
    await stage.tell(1001)
    spoil = update(accounts.account).values(total=999)
    await stage.db.write(lambda conn: conn.execute(spoil))
    found = await stage.post("/admin/ledger/verify", locale="de")
    assert "2 Stellen stimmen nicht." in found.text
    assert "In einem Konto steht nicht die Summe seiner Buchungen. (1 ×)" in found.text
    assert "Einlösbares, Ausstehendes und Offenes ergeben nicht den Stand. (1 ×)" in found.text
    assert "Kein Punkt ist verloren" in found.text
    assert "total (account 1): The total is 999, the entries sum to 49." in found.text
    home = (await stage.part("/", locale="de")).text
    assert "2 Stellen stimmen nicht." in home


async def test_what_webhooks_missed_is_told(stage: Stage) -> None:
    now = datetime.now(UTC)
    assert "are compared with Shopify" in await looked_up(stage, "")
    for fetched, missed, words in (
        (120, 0, "120 orders were compared with Shopify&#39;s. No message was missing."),
        (120, 2, "Shopify&#39;s messages had missed 2 of them; they are counted now."),
    ):
        kept = partial(nightly.keep_comparison, shop_id=stage.shop.id, fetched=fetched, missed=missed)
        await stage.db.write(partial(kept, now=now))
        assert words in await looked_up(stage, "")
    assert "120" not in (await stage.part("/admin/ledger", stage.other)).text.partition("Every balance")[2]


async def test_a_number_that_shopify_gave_to_nobody_here_is_no_orders_name(stage: Stage) -> None:
    for asked in (str(2**63), "9" * 19, "gid://shopify/Order/5678901002999", "#5678901002999"):
        assert "Nothing is known here" in await looked_up(stage, asked)


async def test_what_is_open_is_listed_by_month_with_what_it_is_worth(stage: Stage) -> None:
    assert "after the first nightly check" in await looked_up(stage, "")
    await stage.tell(1001, processed_at=datetime.now(UTC) - timedelta(days=20))
    await stage.tell(1002)
    found = await stage.post("/admin/ledger/verify", locale="en")
    assert '<div id="open-points" hx-swap-oob="true">' in found.text
    page = await looked_up(stage, "")
    assert re.search(r"Never.*?</th> <td>49</td> <td>49</td>", page)
    assert "Once a reward grants a fixed amount" in page
    rewards = [{"id": "two", "title": "2 €", "cost": 200, "value": 200, "kind": "amount"}]
    now = datetime.now(UTC)
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "loyalty", {"rewards": rewards}, now)
    )
    page = await looked_up(stage, "", locale="de")
    assert "1 Punkt für 0,01 €" in page
    assert re.search(r"Alle</th><td>49</td><td>49</td><td>0,98.€</td>", page)
    await redeem(stage, 60)
    await stage.post("/admin/ledger/verify", locale="en")
    page = await looked_up(stage, "")
    assert "Apart from this, 11 points were spent" in page
    assert 'width="0"' in page


async def test_a_campaigns_part_of_an_orders_points_is_reckoned_before_the_merchants_eyes(
    stage: Stage,
) -> None:
    now = datetime.now(UTC)
    campaign = {"id": "double", "title": "Advent", "multiplier": "2"}
    campaign |= {
        "starts_on": f"{now - timedelta(days=2):%Y-%m-%d}",
        "ends_on": f"{now + timedelta(days=2):%Y-%m-%d}",
    }

    def start(conn: Connection) -> None:
        widgets.change_settings(conn, stage.shop.id, "loyalty", {"campaigns": [campaign]}, now)

    await stage.db.write(start)
    await stage.tell(1001, processed_at=now + timedelta(seconds=1))
    page = await looked_up(stage, CUSTOMER)
    assert (
        "€49.90 kept, counted as €49.90 × 2 (Advent); × 1 a unit, rounded down = 99 points (rule 2.1)" in page
    )


async def test_a_reward_taken_stands_with_its_code_its_use_and_what_came_back(stage: Stage) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=20)
    await stage.tell(1001, processed_at=long_ago)
    now = datetime.now(UTC)
    day = now.date() + timedelta(days=30)

    def take(conn: Connection) -> None:
        account = accounts.ensure(conn, [(stage.shop.id, CUSTOMER)])[stage.shop.id, CUSTOMER]
        made = Redeemed(
            shop_id=stage.shop.id,
            account_id=account.id,
            request_id="once",
            reward="five",
            title="5 € <b>off</b>",
            kind="amount",
            value="500",
            minimum=0,
            currency="EUR",
            cost=40,
            code="DANKE-7K4M-9QXP-3TRV",
            at=now,
            expires_on=day,
            ends_at=now + timedelta(days=31),
        )
        redemptions.add(conn, made, now)

    await stage.db.write(take)
    page = await looked_up(stage, CUSTOMER)
    assert "5 € &lt;b&gt;off&lt;/b&gt;, " in page
    assert "40 points, its code is being made. Code DANKE-7K4M-9QXP-3TRV, valid until" in page
    assert "come back" not in page
    assert "9 to spend" in page
    await stage.tell(1002, processed_at=now + timedelta(seconds=1), codes=("danke-7k4m-9qxp-3trv",))
    assert "Used by order 1002." in await looked_up(stage, CUSTOMER)
    await stage.tell(
        1002,
        processed_at=now + timedelta(seconds=1),
        codes=("danke-7k4m-9qxp-3trv",),
        status="refunded",
        cancelled_at=now + timedelta(minutes=1),
        updated_at=now + timedelta(minutes=1),
    )
    assert "40 points have come back." in await looked_up(stage, CUSTOMER)


async def test_the_tier_that_multiplied_an_orders_points_stands_in_their_sum(stage: Stage) -> None:
    now = datetime.now(UTC)
    day = now.astimezone(ZoneInfo("Europe/Berlin")).date()
    double = {"id": "double", "title": "Advent", "multiplier": "2"}
    double |= {"starts_on": day.isoformat(), "ends_on": (day + timedelta(days=2)).isoformat()}
    gold = {"id": "gold", "title": "Gold", "threshold": 40, "multiplier": "1.5"}

    async def change(patch: dict[str, object], at: datetime) -> None:
        await stage.db.write(
            lambda conn: widgets.change_settings(conn, stage.shop.id, "loyalty", patch, at) and None
        )

    await stage.tell(1001, processed_at=now - timedelta(days=20))
    await change({"tiers": [gold]}, now)
    await stage.tell(1002, processed_at=now + timedelta(seconds=1))
    await change({"campaigns": [double]}, now + timedelta(seconds=2))
    await stage.tell(1003, processed_at=now + timedelta(seconds=3))
    page = await looked_up(stage, CUSTOMER)
    assert "€49.90 kept × 1 a unit, rounded down = 49 points (rule 1.1)" in page
    assert "€49.90 kept × 1 a unit × 1.5 (Gold), rounded down = 74 points (rule 2.1)" in page
    both = "€49.90 kept, counted as €49.90 × 2 (Advent); × 1 a unit × 1.5 (Gold), rounded down = 149 points (rule 3.1)"
    assert both in page
    page = await looked_up(stage, CUSTOMER, locale="de")
    assert "49,90 € behalten × 1 je Einheit × 1,5 (Gold), abgerundet = 74 Punkte (Regel 2.1)" in page


async def test_an_entry_that_takes_points_is_not_called_what_gives_them(stage: Stage) -> None:
    await stage.tell(1001)
    now = datetime.now(UTC)

    def take(conn: Connection) -> None:
        home = accounts.ensure(conn, [(stage.shop.id, CUSTOMER)])[stage.shop.id, CUSTOMER]
        kinds = (ledger.BONUS, ledger.REDEMPTION_REVERSAL)
        ledger.append(
            conn, [Entry(stage.shop.id, home.id, kind, -5, f"test:{kind}", now) for kind in kinds], now
        )

    await stage.db.write(take)
    page = await looked_up(stage, CUSTOMER, locale="de")
    for text in ("Bonus zurückgenommen", "Prämie doch genutzt"):
        assert f"<s-table-cell>{text}" in page
    assert "Prämie zurückgegeben" not in page
